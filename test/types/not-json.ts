// One example of each sentence that a wrong schema or result makes tsc print. Only the compiler reads this file.
import * as z from 'zod';
import type { NotJson, Wire } from '../../lib/contract/schema.ts';
import { equal } from './assert.ts';

// NotJson, in the order of its branches.
/** The search ends at level 7, so the sentence names level 6. */
type Eight = { a: { a: { a: { a: { a: { a: { a: Date } } } } } } };
equal<NotJson<Eight>, 'a.a.a.a.a.a is not plain JSON: declare a type, not an interface'>(true);
equal<NotJson<unknown>, 'the value is unknown, which may not be JSON'>(true);
equal<NotJson<{ any: unknown }>, 'any is unknown, which may not be JSON'>(true);
equal<NotJson<string | null>, never>(true);
equal<NotJson<{ n: bigint }>, 'n is a bigint, which is not JSON'>(true);
equal<NotJson<Date>, 'the value is a Date, which is not JSON: write an ISO string'>(true);
equal<NotJson<{ f: () => void }>, 'f is not JSON'>(true);
equal<NotJson<{ m: Map<string, string> }>, 'm is not JSON'>(true);
equal<NotJson<{ seen: Set<string> }>, 'seen is not JSON'>(true);
equal<NotJson<{ rows: { at: Date }[] }>, 'rows[].at is a Date, which is not JSON: write an ISO string'>(true);
equal<NotJson<{ a: { b: Date }; ok: string }>, 'a.b is a Date, which is not JSON: write an ISO string'>(true);
interface Declared {
  name: string;
}
equal<NotJson<Declared>, 'the value is not plain JSON: declare a type, not an interface'>(true);
equal<NotJson<{ guest: Declared }>, 'guest is not plain JSON: declare a type, not an interface'>(true);
equal<NotJson<void>, 'the value is not JSON'>(true);
equal<NotJson<Date, 'result'>, 'result is a Date, which is not JSON: write an ISO string'>(true);

// Wire, in the order of its branches.
const good = z.object({ a: z.string() });
equal<Wire<typeof good>, typeof good>(true);
const optional = z.string().optional();
equal<Wire<typeof optional>, 'the value may be undefined, which is not JSON'>(true);
const anything = z.unknown();
equal<Wire<typeof anything>, 'the value is unknown, which may not be JSON'>(true);
const dated = z.object({ at: z.date() });
equal<Wire<typeof dated>, 'at is a Date, which is not JSON: write an ISO string'>(true);

// An output that its own schema does not accept: a scalar, a field, an array.
const counted = z.string().transform(Number);
equal<Wire<typeof counted>, 'the value does not accept its own output, which the reader parses again'>(true);
const nested = z.object({ a: z.object({ n: z.string().transform(Number) }) });
equal<Wire<typeof nested>, 'a.n does not accept its own output, which the reader parses again'>(true);
const split = z.string().transform((text) => text.split(','));
equal<Wire<typeof split>, 'the value does not accept its own output, which the reader parses again'>(true);
const renamed = z.object({ a: z.string() }).transform(({ a }) => ({ b: a }));
equal<Wire<typeof renamed>, 'b does not accept its own output, which the reader parses again'>(true);
const listed = z.object({ a: z.string().transform((text) => ({ text })) });
equal<Wire<typeof listed>, 'a does not accept its own output, which the reader parses again'>(true);
