// Each misuse of contracts that api.md promises to reject. Only the compiler reads this file.
import * as z from 'zod';
import { command, event, service, versions, type Duration, type Failure } from 'tutti';
import { payments } from './travel-contracts.ts';

// Schemas
// @ts-expect-error a Date does not travel
export const s1 = event('x.a', z.object({ at: z.date() }));
// @ts-expect-error nor does a bigint
export const s2 = event('x.a', z.object({ deep: z.object({ n: z.bigint() }) }));
// @ts-expect-error unknown may hold anything
export const s3 = event('x.a', z.object({ any: z.unknown() }));
// @ts-expect-error the output (number) is not an input (string)
export const s4 = event('x.a', z.object({ n: z.string().transform(Number) }));
// @ts-expect-error a Map does not travel
export const s5 = command({ input: z.object({ m: z.map(z.string(), z.string()) }) });
// @ts-expect-error in an output
export const s6 = command({ input: z.object({}), output: z.object({ at: z.date() }) });
// @ts-expect-error in an error
export const s7 = command({ input: z.object({}), errors: { No: z.object({ at: z.date() }) } });
// @ts-expect-error no owner in the name
export const s8 = event('checkout', z.object({}));
export const s9 = versions(z.object({ street: z.string() })).next(z.object({ lines: z.array(z.string()) }), (old) => ({
  // @ts-expect-error the upcast does not give what the new version wants
  lines: old.street,
}));
interface Declared {
  name: string;
}
// @ts-expect-error an interface has no index signature: write a type
export const s12 = event('x.a', z.custom<Declared>());

// Undo
const put = z.object({ key: z.string() }),
  kept = z.object({ receipt: z.string() }),
  remove = command({ input: z.object({ receipt: z.string() }) });
// @ts-expect-error the output has no such field
export const u1 = command({ input: put, output: kept, undo: { command: remove, input: (_put, done) => ({ receipt: done.recipt }) } });
// @ts-expect-error the undo command wants `receipt`
export const u2 = command({ input: put, output: kept, undo: { command: remove, input: (put) => ({ key: put.key }) } });
// @ts-expect-error of another type
export const u3 = command({ input: put, output: kept, undo: { command: remove, input: () => ({ receipt: 7 }) } });
// @ts-expect-error without the mapper
export const u4 = command({ input: put, output: kept, undo: { command: remove } });
// @ts-expect-error a command of a service, not a definition beside this one
export const u6 = command({ input: put, output: kept, undo: { command: payments.refund, input: () => ({ paymentId: 'p' }) } });
export const u5 = service('u', {
  remove,
  // @ts-expect-error the same as the first, written inside service({…})
  put: command({ input: put, output: kept, undo: { command: remove, input: (_put, done) => ({ receipt: done.recipt }) } }),
});

// Guards
const twoErrors = service('two', {
  run: command({ input: z.object({}), errors: { First: z.object({ a: z.string() }), Second: z.object({ b: z.string() }) } }),
});
export const guards = (error: unknown, failure: Failure) => {
  if (twoErrors.run.failed(error)) {
    // @ts-expect-error no such type
    if (error.type === 'Frist') return;
    // @ts-expect-error which one is not known yet
    error.data.a;
    // @ts-expect-error the data of the other one
    if (error.type === 'Second') error.data.a;
  }
  // @ts-expect-error nothing is known of an unknown
  error.type;
  // @ts-expect-error a command without errors never fails in this way
  if (payments.refund.failed(failure)) failure.data;
  // @ts-expect-error not every failure has data
  failure.data;
};

// Durations
// @ts-expect-error no unit
export const t1: Duration = '1';
// @ts-expect-error a typo
export const t2: Duration = '2 dayz';
// @ts-expect-error a word is no number
export const t3: Duration = 'two days';
// @ts-expect-error days are the longest
export const t4: Duration = '1 month';
// @ts-expect-error anything
export const t5: Duration = 'soon' as string;
