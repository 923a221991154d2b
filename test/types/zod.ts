// The zod schemas whose values are JSON, and those that are refused. Only the compiler reads this file.
import * as z from 'zod';
import { event, type DataOf, type InputOf, command, service } from 'tutti';
import { equal, frozen } from './assert.ts';

const Good = event(
  'x.good',
  z.strictObject({
    a: z.string().nullable(),
    b: z.string().optional(),
    c: z.string().nullish(),
    d: z.literal(['x', 'y']),
    e: z.enum(['p', 'q']),
    f: z.union([z.string(), z.int()]),
    g: z.record(z.string(), z.int()),
    h: z.tuple([z.string(), z.number()]),
    i: z.array(z.object({ j: z.boolean() })),
    k: z.json(),
    l: z.iso.datetime(),
    m: z.uuid(),
    n: z.url(),
    o: z.templateLiteral(['o-', z.int()]),
    p: z.string().readonly(),
    q: z.array(z.string()).readonly(),
    r: z.intersection(z.object({ s: z.string() }), z.object({ t: z.string() })),
    u: z.string().default('u'),
    v: z.int().catch(1),
    w: z.coerce.number(),
    x: z.object({}).catchall(z.json()),
    y: z.partialRecord(z.enum(['a', 'b']), z.int()),
    z: z.string().trim().toLowerCase(),
  }),
);
equal<DataOf<typeof Good>['o'], `o-${number}`>(true);
equal<DataOf<typeof Good>['q'], readonly string[]>(true);
equal<DataOf<typeof Good>['w'], number>(true);
export const g1 = event(
  'x.a',
  z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), n: z.int().default(1) }), z.object({ kind: z.literal('b') })]),
);
frozen<DataOf<typeof g1>, { kind: 'a'; n: number } | { kind: 'b' }>(true);
export const g2 = event('x.a', z.object({ id: z.string() }).partial());
export const g3 = event('x.a', z.string());
export const g4 = event('x.a', z.array(z.string()));
// An event is a schema of an input or an output
const s = service('s', { c: command({ input: g1, output: Good }) });
frozen<InputOf<typeof s.c>, { kind: 'a'; n?: number | undefined } | { kind: 'b' }>(true);

// @ts-expect-error its output, a boolean, is not one of its inputs
export const b1 = event('x.a', z.object({ yes: z.stringbool() }));
// @ts-expect-error looseObject lets unknown fields through: write catchall(z.json())
export const b2 = event('x.a', z.looseObject({ a: z.string() }));
export const b3 = event(
  'x.a',
  // @ts-expect-error a codec gives a Date
  z.object({ at: z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() }) }),
);
// @ts-expect-error undefined alone is not JSON
export const b4 = event('x.a', z.undefined());
// @ts-expect-error a Set is not JSON
export const b5 = event('x.a', z.object({ tags: z.set(z.string()) }));
// @ts-expect-error a function is not JSON
export const b6 = event('x.a', z.object({ f: z.custom<() => void>() }));
// @ts-expect-error a Date at a deep level
export const b7 = event('x.a', z.object({ a: z.array(z.object({ b: z.record(z.string(), z.object({ c: z.date() })) })) }));
type Loop = { at: Date; next?: Loop | undefined };
// @ts-expect-error a Date in a recursive type
export const b8 = event('x.a', z.custom<Loop>());
