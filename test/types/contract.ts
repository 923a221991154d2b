// Inferred types of contracts are what a user expects. Only the compiler reads this file.
import * as z from 'zod';
import { type CommandFailed, type DataOf, type FailureOf, type InputOf, type OutputOf, command, event, service, versions } from 'tutti';
import { payments, PaymentCharged } from './travel-contracts.ts';
import { equal, is } from './assert.ts';

// Events and versions
equal<DataOf<typeof PaymentCharged>, { paymentId: string }>(true);
const WithDefault = event('x.with-default', z.object({ a: z.string(), b: z.number().default(1), c: z.string().optional() }));
equal<DataOf<typeof WithDefault>, { a: string; b: number; c?: string | undefined }>(true);
const Address = versions(z.object({ street: z.string() })).next(
  z.object({ lines: z.array(z.string()), country: z.string().default('AT') }),
  (old) => {
    is<string>(old.street);
    return { lines: [old.street] };
  },
);
const Moved = event('x.moved', Address, { dedupeBy: (moved) => moved.lines.join() });
equal<DataOf<typeof Moved>, { lines: string[]; country: string }>(true);
const Nested = event(
  'x.nested',
  z.object({
    any: z.json(),
    kind: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b'), n: z.int() })]),
  }),
);
is<string>(null as unknown as DataOf<typeof Nested>['kind']['kind']);
type Tree = { name: string; children: Tree[] };
const Tree: z.ZodType<Tree, Tree> = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});
equal<DataOf<ReturnType<typeof treeEvent>>, Tree>(true);
function treeEvent() {
  return event('x.tree', Tree);
}
const Branded = event('x.branded', z.object({ id: z.string().brand<'OrderId'>() }));
is<string>(null as unknown as DataOf<typeof Branded>['id']);

// Commands
equal<InputOf<typeof payments.charge>, { amount: number; card: string }>(true);
equal<OutputOf<typeof payments.charge>, { paymentId: string }>(true);
equal<OutputOf<typeof payments.refund>, null>(true);
equal<FailureOf<typeof payments.refund>, never>(true);
equal<
  FailureOf<typeof payments.charge>,
  | CommandFailed<'payments.charge', 'CardDeclined', { reason: string }>
  | CommandFailed<'payments.charge', 'SuspectedFraud', Record<string, never>>
>(true);
equal<typeof payments.charge.name, 'payments.charge'>(true);
equal<(typeof payments.charge)['~']['undo'], true>(true);
equal<(typeof payments.refund)['~']['undo'], false>(true);
// written inside service({…}): what is left out takes its default, not the widest form
const inline = service('inline', {
  plain: command({ input: z.object({ a: z.string() }) }),
  full: command({
    input: z.object({ a: z.string().default('x') }),
    output: z.object({ b: z.int() }),
    errors: { No: z.object({ why: z.string() }) },
  }),
});
equal<OutputOf<typeof inline.plain>, null>(true);
equal<FailureOf<typeof inline.plain>, never>(true);
equal<(typeof inline.plain)['~']['undo'], false>(true);
equal<InputOf<typeof inline.full>, { a?: string | undefined }>(true);
equal<OutputOf<typeof inline.full>, { b: number }>(true);
// an undo written in place, its mapper before the command, and the input before it
const undone = service('undone', {
  put: command({
    undo: {
      input: (put, kept) => ({ key: put.key, at: kept.at }),
      command: command({ input: z.object({ key: z.string(), at: z.int() }) }),
    },
    output: z.object({ at: z.int() }),
    input: z.object({ key: z.string() }),
  }),
});
equal<(typeof undone.put)['~']['undo'], true>(true);

// narrowing of unknown
export const narrow = (error: unknown) => {
  if (payments.charge.failed(error)) {
    equal<typeof error, FailureOf<typeof payments.charge>>(true);
    if (error.type === 'CardDeclined') equal<typeof error.data, { reason: string }>(true);
  }
};
