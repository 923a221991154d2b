import { process, system, type AnyContext } from 'tutti';
import { CustomerAsked, desk, model, people, type Message, type ToolCall } from './contracts.ts';

const TURNS_MAX = 8;
const APPROVED_FROM_CENTS = 10_000;

export const refundAgent = process('refund-agent', { startOn: CustomerAsked.byId((asked) => asked.chat) }, async (ctx, { question }) => {
  const messages: Message[] = [{ role: 'user', text: question }];
  for (let turn = 1; turn <= TURNS_MAX; turn += 1) {
    const { text, calls } = await ctx.call(model.complete, { messages });
    if (calls.length === 0) return { answer: text };
    messages.push({ role: 'assistant', text, calls });
    for (const call of calls) messages.push({ role: 'tool', callId: call.id, text: await use(ctx, call) });
  }
  return { answer: 'I could not solve this. A colleague writes to you.' };
});

/** The result of one tool call, as a text for the model. A refusal, a failure and the no of a person are results too. */
async function use(ctx: AnyContext, call: ToolCall): Promise<string> {
  if (isLargeRefund(call) && !(await approved(ctx, call))) return 'The support team did not approve it.';
  const done = await ctx.dispatch(desk, call);
  if (done.ok) return JSON.stringify(done.output);
  return done.refused ? done.message : `${done.failure.type}: ${JSON.stringify(done.failure.data)}`;
}

/** The input is not checked yet and may have any form. An invalid form needs no approval, because the dispatch refuses it. */
function isLargeRefund({ name, input }: ToolCall): boolean {
  const { cents } = Object(input) as { readonly cents?: unknown };
  return name === 'refund' && typeof cents === 'number' && cents >= APPROVED_FROM_CENTS;
}

/** Without an answer in two days, the task is withdrawn from the person. */
async function approved(ctx: AnyContext, { name, input }: ToolCall): Promise<boolean> {
  const next = await ctx.race({
    answer: ctx.call(people.approve, { chat: ctx.id, tool: name, input }),
    late: ctx.sleep('2 days'),
  });
  return next.winner === 'answer' && next.value.approved;
}

export const support = system('support', { processes: [refundAgent], services: [model, desk, people] });
