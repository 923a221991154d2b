import * as z from 'zod';
import { command, event, process, service, toolsOf, type InputOf, type OutputOf, type Tool } from 'tutti';
import { serve, type Served } from 'tutti/service';
import { carrier } from './contracts.ts';

const Turn = z.object({ by: z.enum(['customer', 'assistant', 'tool']), text: z.string() });
const ToolCall = z.object({ name: z.string(), input: z.json() });
export const model = service('model', {
  complete: command({
    about: 'Continues a conversation.',
    input: z.object({ turns: z.array(Turn) }),
    output: z.object({ text: z.string(), calls: z.array(ToolCall) }),
  }),
});
export const Asked = event('chats.asked', z.object({ chat: z.string(), text: z.string() }));

type Turns = InputOf<typeof model.complete>['turns'];
type Said = OutputOf<typeof model.complete>;
interface ModelApi {
  complete(request: { readonly turns: Turns; readonly tools: readonly Tool[] }): Promise<Said>;
}

export const modelService = (api: ModelApi): Served<'model'> =>
  // region tools
  serve(model, {
    complete: async ({ turns }) => api.complete({ turns, tools: toolsOf(carrier, ['quote', 'pickUp']) }),
  });
// endregion

export const assistant = process('assistant', { startOn: Asked.byId(({ chat }) => chat) }, async (ctx, { text }) => {
  const turns: Turns[number][] = [{ by: 'customer', text }];
  for (let turn = 1; turn <= 10; turn += 1) {
    const said = await ctx.call(model.complete, { turns });
    if (said.calls.length === 0) return { answer: said.text };
    // region dispatch
    for (const call of said.calls) {
      const done = await ctx.dispatch(carrier, call, { only: ['quote', 'pickUp'] });
      if (done.ok) turns.push({ by: 'tool', text: JSON.stringify(done.output) }); // typed by done.command
      else turns.push({ by: 'tool', text: done.message }); // for the model: it may try again
    }
    // endregion
  }
  return { answer: 'I have no answer.' };
});
