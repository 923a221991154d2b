// Contracts of valibot schemas. Only the compiler reads this file.
import * as v from 'valibot';
import * as z from 'zod';
import { type CommandFailed, type DataOf, type FailureOf, type InputOf, type OutputOf, command, event, service } from 'tutti';
import { equal } from './assert.ts';

const RoomFreed = event('hotels.room-freed', v.object({ city: v.string(), day: v.string() }));
const hotels = service('hotels', {
  book: command({
    input: v.object({ city: v.string(), from: v.string(), nights: v.optional(v.number(), 1) }),
    output: v.object({ reference: v.string() }),
    errors: { SoldOut: v.object({ freeFrom: v.string() }) },
  }),
});
equal<DataOf<typeof RoomFreed>, { city: string; day: string }>(true);
equal<InputOf<typeof hotels.book>, { city: string; from: string; nights?: number | undefined }>(true);
equal<OutputOf<typeof hotels.book>, { reference: string }>(true);
equal<FailureOf<typeof hotels.book>, CommandFailed<'hotels.book', 'SoldOut', { freeFrom: string }>>(true);
// two schema libraries in one command
export const mixed = command({
  input: v.object({ a: v.string() }),
  output: z.object({ b: z.int() }),
  undo: { command: command({ input: v.object({ c: v.number() }) }), input: (input, output) => ({ c: input.a.length + output.b }) },
});

// @ts-expect-error a Date does not travel
export const v1 = event('x.a', v.object({ at: v.date() }));
// @ts-expect-error the output is not an input
export const v2 = event('x.a', v.object({ n: v.pipe(v.string(), v.transform(Number)) }));
// @ts-expect-error unknown may hold anything
export const v3 = command({ input: v.object({ any: v.unknown() }) });
export const v4 = command({
  input: v.object({ a: v.string() }),
  // @ts-expect-error the undo command wants a number
  undo: { command: command({ input: v.object({ c: v.number() }) }), input: (input) => ({ c: input.a }) },
});
