// The types of ctx.dispatch and toolsOf. Only the compiler reads this file.
import * as z from 'zod';
import {
  command,
  service,
  toolsOf,
  type AnyContext,
  type CommandFailed,
  type Dispatched,
  type FailureOf,
  type Json,
  type Step,
  type Tool,
} from 'tutti';
import { equal, frozen, is } from './assert.ts';

const tools = service('tools', {
  lookUp: command({ about: 'Finds an order.', input: z.object({ orderId: z.string() }), output: z.object({ cents: z.int() }) }),
  refund: command({
    input: z.object({ orderId: z.string(), cents: z.int() }),
    output: z.object({ refundId: z.string() }),
    errors: { AlreadyRefunded: z.object({ at: z.string() }) },
  }),
  note: command({ input: z.object({ text: z.string() }) }),
});
type Tools = typeof tools;
declare const call: { readonly id: string; readonly name: string; readonly input: Json };

export const dispatching = async (ctx: AnyContext): Promise<unknown> => {
  const step = ctx.dispatch(tools, call);
  is<Step<Dispatched<Tools>>>(step);
  await ctx.undo(step);
  const { winner, value } = await ctx.race({ tool: step, late: ctx.sleep('1 day') });
  if (winner === 'tool') equal<typeof value, Dispatched<Tools>>(true);

  const done = await step;
  // By `ok`, then by `command`
  if (done.ok) {
    equal<typeof done.command, 'lookUp' | 'refund' | 'note'>(true);
    equal<typeof done.refused, undefined>(true);
    if (done.command === 'refund') frozen<typeof done.output, { refundId: string }>(true);
    if (done.command === 'note') equal<typeof done.output, null>(true);
    return done.output;
  }
  // By `refused`
  if (done.refused) {
    equal<typeof done.refused, 'unknown' | 'invalid'>(true);
    equal<typeof done.message, string>(true);
    return done.message;
  }
  // Only a command with declared errors can fail
  equal<typeof done.command, 'refund'>(true);
  equal<typeof done.failure, FailureOf<Tools['refund']>>(true);
  equal<typeof done.failure, CommandFailed<'tools.refund', 'AlreadyRefunded', { readonly at: string }>>(true);

  // `only` narrows the commands
  const found = await ctx.dispatch(tools, call, { only: ['lookUp', 'note'], timeout: '1 minute', undo: false });
  if (found.ok) equal<typeof found.command, 'lookUp' | 'note'>(true);
  else equal<typeof found.refused, 'unknown' | 'invalid'>(true);
  return ctx.dispatch(tools, { name: 'lookUp', input: undefined });
};

equal<ReturnType<typeof toolsOf<Tools>>, readonly Tool<'lookUp' | 'refund' | 'note'>[]>(true);
const two = toolsOf(tools, ['lookUp', 'refund']);
equal<(typeof two)[number]['name'], 'lookUp' | 'refund'>(true);
is<Json>(two[0]?.inputSchema ?? null);
is<'object' | undefined>(two[0]?.inputSchema.type);

export const misuse = (ctx: AnyContext) => [
  // @ts-expect-error a command that the service does not have
  toolsOf(tools, ['refnd']),
  // @ts-expect-error a command that the service does not have
  ctx.dispatch(tools, call, { only: ['refnd'] }),
  // @ts-expect-error a command is no service
  ctx.dispatch(tools.refund, call),
  // @ts-expect-error a value without a name
  ctx.dispatch(tools, { input: {} }),
  // @ts-expect-error a value without an input
  ctx.dispatch(tools, { name: 'refund' }),
  // @ts-expect-error about is a text
  command({ about: 7, input: z.object({}) }),
];
