import * as v from 'valibot';
import * as z from 'zod';
import { type DataOf, type FailureOf, type CommandFailed, type InputOf, type OutputOf, type ResultOf, type StartOf, type ViewOf, command, event } from 'tutti';
import { hotels, rooms, RoomFreed, stay } from './valibot-hotels.ts';
import { equal, frozen } from './assert.ts';

frozen<DataOf<typeof RoomFreed>, { city: string; day: string }>(true);
frozen<InputOf<typeof hotels.book>, { city: string; from: string; nights?: number | undefined }>(true);
frozen<OutputOf<typeof hotels.book>, { reference: string }>(true);
equal<FailureOf<typeof hotels.book>, CommandFailed<'hotels.book', 'SoldOut', { readonly freeFrom: string }>>(true);
frozen<StartOf<typeof stay>, { city: string; day: string }>(true);
frozen<ViewOf<typeof stay>, { booked: boolean }>(true);
frozen<ViewOf<typeof rooms>, { free: number }>(true);
export const result = (r: ResultOf<typeof stay>) => 'freeFrom' in r ? r.freeFrom : r.reference;
// Two schema libraries in one command
export const mixed = command({ input: v.object({ a: v.string() }), output: z.object({ b: z.int() }), undo: { command: command({ input: v.object({ c: v.number() }) }), input: (input, output) => ({ c: input.a.length + output.b }) } });

// @ts-expect-error a Date is not JSON
export const v1 = event('x.a', v.object({ at: v.date() }));
// @ts-expect-error the output does not parse again
export const v2 = event('x.a', v.object({ n: v.pipe(v.string(), v.transform(Number)) }));
// @ts-expect-error unknown may not be JSON
export const v3 = command({ input: v.object({ any: v.unknown() }) });
// @ts-expect-error the input of the undo command is a number
export const v4 = command({ input: v.object({ a: v.string() }), undo: { command: command({ input: v.object({ c: v.number() }) }), input: input => ({ c: input.a }) } });
