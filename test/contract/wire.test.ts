import canonicalize from 'canonicalize';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Json, canonical, isSameJson } from '../../lib/contract/wire/json.ts';
import type { CommandEnvelope, EventEnvelope, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import {
  VALUE_BYTES_MAX,
  escapedLength,
  excessBytes,
  parseEnvelope,
  toWire,
  utf8Length,
  wireLength,
} from '../../lib/contract/wire/wire.ts';
import { buildCommandId, buildPid, isInstanceId, parseCommandId, parsePid } from '../../lib/contract/wire/process-id.ts';

const HASH = `sha256:${'9f'.repeat(32)}`;
const common = { specversion: '1.0', time: '2026-11-21T10:00:00.000Z', datacontenttype: 'application/json', hops: 0 } as const;
const event: EventEnvelope = {
  ...common,
  id: '01KAK3ZQ0V8R5T2M6W9X1Y4B7C',
  source: 'trips',
  type: 'trips.checkout',
  dataversion: 1,
  subject: 'cart-42',
  data: { total: 1 },
};
const command: CommandEnvelope = {
  ...common,
  id: 'default#book-trip#cart-42/r5f2c/3',
  source: 'trips',
  type: 'payments.charge',
  datahash: HASH,
  attempt: 1,
  deadline: '2026-11-24T10:00:00.180Z',
  replyto: 'trips',
  replytoken: 'h1.Kx',
  data: null,
};
const reply: ReplyEnvelope = {
  ...common,
  id: `${command.id}:completed`,
  source: 'payments',
  type: 'payments.payment-charged',
  commandid: command.id,
  commandhash: HASH,
  attempt: 1,
  outcome: 'completed',
  replyto: 'trips',
  data: { paymentId: 'p-7' },
};

/** Text without lone surrogates, and keys that an envelope can contain. */
const text = fc.string({ unit: 'binary' });
const key = text.filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name));
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('canonical', () => {
  test('equals the output of the canonicalize library', () => {
    fc.assert(
      fc.property(json, (data) => {
        expect(canonical(data)).toBe(canonicalize(data));
      }),
    );
  });

  test('does not depend on the order of keys and omits undefined members', () => {
    expect(canonical({ b: 1, a: { d: -0, c: undefined } })).toBe('{"a":{"d":0},"b":1}');
    expect(canonical({ a: { d: 0 }, b: 1 })).toBe('{"a":{"d":0},"b":1}');
  });

  test.each([[Number.NaN], ['\ud800'], [undefined], [[undefined]], [{ '\udc00': 1 }], [1n]])(
    'refuses a value that is not JSON (%#)',
    (data) => {
      expect(() => canonical(data as Json)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
    },
  );

  test('refuses a circular value', () => {
    const circle: { self?: Json } = {};
    circle.self = circle;
    expect(() => canonical(circle)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
  });
});

describe('isSameJson', () => {
  test('holds for a copy, and for no value with another canonical text', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        expect(isSameJson(structuredClone(one), one)).toBe(true);
        if (isSameJson(one, other)) expect(canonical(one)).toBe(canonical(other));
      }),
    );
  });

  test.each<readonly [unknown, Json | undefined]>([
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: undefined }, { b: undefined }],
    [[1], { 0: 1 }],
    [{ 0: 1 }, [1]],
    [null, {}],
    [{}, null],
    ['1', 1],
  ])('does not hold for %j and %j', (value, other) => {
    expect(isSameJson(value, other)).toBe(false);
  });
});

describe('toWire', () => {
  test('is ASCII up to 0x7E and parses back to the same envelope', () => {
    fc.assert(
      fc.property(json, (data) => {
        const wire = toWire({ ...event, data });
        expect(wire).toMatch(/^[\u0020-\u007e]*$/);
        expect(JSON.parse(wire)).toEqual(JSON.parse(JSON.stringify({ ...event, data })));
      }),
    );
  });

  test('escapes each code unit beyond 0x7E', () => {
    expect(toWire({ ...event, data: 'ä\u007f😀' })).toContain('"\\u00e4\\u007f\\ud83d\\ude00"');
  });
});

describe('the length of a value', () => {
  test('is the number of its bytes in UTF-8', () => {
    const texts = fc.sample(fc.string({ unit: 'grapheme' }), 200);
    expect(texts.map(utf8Length)).toEqual(texts.map((text) => Buffer.byteLength(text)));
  });

  test('is returned by excessBytes above 20 MB', () => {
    const euros = VALUE_BYTES_MAX / 3;
    expect([excessBytes('x'.repeat(VALUE_BYTES_MAX)), excessBytes('x'.repeat(VALUE_BYTES_MAX + 1))]).toEqual([
      undefined,
      VALUE_BYTES_MAX + 1,
    ]);
    expect([excessBytes('€'.repeat(Math.floor(euros))), excessBytes('€'.repeat(euros + 1))]).toEqual([
      undefined,
      3 * (Math.floor(euros) + 1),
    ]);
  });
});

describe('parseEnvelope', () => {
  test.each([
    ['event', event],
    ['command', command],
    ['reply', reply],
  ])('reads an %s from text, and from an object without a copy', (kind, envelope) => {
    expect(parseEnvelope(toWire(envelope))).toEqual({ kind, envelope });
    const parsed = parseEnvelope(envelope);
    expect(parsed.kind === 'malformed' ? parsed : parsed.envelope).toBe(envelope);
  });

  test('accepts any JSON as data', () => {
    fc.assert(
      fc.property(json, (data) => {
        expect(parseEnvelope(toWire({ ...event, data })).kind).toBe('event');
      }),
    );
  });

  test('keeps members that this version does not know', () => {
    expect(parseEnvelope({ ...event, tracestate: 'x' }).kind).toBe('event');
  });

  test('accepts a dataref in place of data', () => {
    const { data: _data, ...rest } = event;
    expect(parseEnvelope({ ...rest, dataref: 's3://bucket/key', datahash: HASH }).kind).toBe('event');
  });

  test.each<[string, object, string]>([
    ['another specversion', { ...event, specversion: '0.3' }, 'specversion is "0.3"'],
    ['a missing id', { ...event, id: undefined }, 'id is missing'],
    ['an id with a space', { ...event, id: 'a b' }, 'id is "a b"'],
    ['an id that is too long', { ...event, id: 'a'.repeat(301) }, 'id is "aaa'],
    ['an empty source', { ...event, source: '' }, 'source is ""'],
    ['a time without milliseconds', { ...event, time: '2026-11-21T10:00:00Z' }, 'time is'],
    ['a time that is not a date', { ...event, time: '2026-13-45T99:00:00.000Z' }, 'time is'],
    ['missing hops', { ...event, hops: undefined }, 'hops is missing'],
    ['negative hops', { ...event, hops: -1 }, 'hops is -1'],
    ['version 0', { ...event, dataversion: 0 }, 'dataversion is 0'],
    ['a tenant with a separator of pids', { ...event, tenant: 'a#b' }, 'tenant is "a#b"'],
    ['a process id without its parts', { ...event, processid: 'cart-42' }, 'processid is "cart-42"'],
    ['no data', { ...event, data: undefined }, 'data and dataref are both missing'],
    ['data and dataref', { ...event, dataref: 's3://b/k', datahash: HASH }, 'data and dataref are both given'],
    ['a dataref without its hash', { ...event, data: undefined, dataref: 's3://b/k' }, 'datahash is missing'],
    ['a command without hash', { ...command, datahash: undefined }, 'datahash is missing'],
    ['attempt 0', { ...command, attempt: 0 }, 'attempt is 0'],
    ['a command without any attempt', { ...command, retryattempts: 0 }, 'retryattempts is 0'],
    ['a negative pause', { ...command, retryfirst: -1 }, 'retryfirst is -1'],
    ['a longest pause with a fraction', { ...command, retrymost: 0.5 }, 'retrymost is 0.5'],
    ['a factor that is not text', { ...command, retryfactor: 2 }, 'retryfactor is 2'],
    ['a factor below 1', { ...command, retryfactor: '0.5' }, 'retryfactor is "0.5"'],
    ['a run without time', { ...command, timeout: 0 }, 'timeout is 0'],
    ['a negative number of runs', { ...reply, attempts: -1 }, 'attempts is -1'],
    ['a deadline that is not an instant', { ...command, deadline: 'tomorrow' }, 'deadline is "tomorrow"'],
    ['an unknown outcome to undo', { ...command, undoesoutcome: 'done' }, 'undoesoutcome is "done"'],
    ['a command without replyto', { ...command, replyto: undefined }, 'replyto is missing'],
    ['an unknown outcome', { ...reply, outcome: 'done' }, 'outcome is "done"'],
    ['a reply without a command id', { ...reply, commandid: undefined }, 'commandid is missing'],
    ['a retryable that is not a boolean', { ...reply, retryable: 'yes' }, 'retryable is "yes"'],
    ['a failed reply without a failure', { ...reply, outcome: 'failed' }, 'data of a failed reply'],
    ['a key that accesses a prototype', { ...event, data: JSON.parse('[{"__proto__":1}]') }, 'the key __proto__ is not allowed'],
  ])('says why it refuses %s', (_title, value, fault) => {
    const parsed = parseEnvelope(JSON.stringify(value));
    expect(parsed).toEqual({ kind: 'malformed', fault: expect.stringContaining(fault) });
    expect(parseEnvelope(value)).toEqual(parsed);
  });

  test('accepts 64 levels of data and refuses 65', () => {
    const nested = (levels: number): Json => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(parseEnvelope({ ...event, data: nested(63) }).kind).toBe('event');
    expect(parseEnvelope({ ...event, data: nested(64) }).kind).toBe('event');
    expect(parseEnvelope({ ...event, data: nested(65) }).kind).toBe('malformed');
  });

  test('never throws for any input, and accepts only values with the members of an envelope', () => {
    const thrower = Object.defineProperty({}, 'id', {
      enumerable: true,
      get: () => {
        throw new RangeError('no');
      },
    });
    expect(parseEnvelope(thrower).kind).toBe('malformed');
    expect(parseEnvelope('['.repeat(2_000_000)).kind).toBe('malformed');
    expect(parseEnvelope('['.repeat(100_000) + ']'.repeat(100_000)).kind).toBe('malformed');
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => parseEnvelope(value).kind === 'malformed'),
    );
    fc.assert(fc.property(fc.string(), (value) => parseEnvelope(value).kind === 'malformed'));
  });

  test('an envelope with one member replaced by anything is refused or still has the form of its kind', () => {
    const ids = /^[A-Za-z0-9._:@+=,~!/#-]{1,300}$/;
    fc.assert(
      fc.property(fc.constantFrom(event, command, reply), fc.nat(), fc.anything(), (envelope, pick, value) => {
        const fields = Object.keys(envelope);
        const parsed = parseEnvelope({ ...envelope, [fields[pick % fields.length] as string]: value });
        if (parsed.kind === 'malformed') return;
        expect(parsed.envelope.id).toMatch(ids);
        expect(Number.isSafeInteger(parsed.envelope.hops)).toBe(true);
        expect(() => canonical(parsed.envelope.data as Json)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('ids', () => {
  test('a pid and a command id are parsed into the parts that they were built from', () => {
    const pid = buildPid('default', 'book-trip', 'cart-42') as string;
    expect(pid).toBe('default#book-trip#cart-42');
    expect(parsePid(pid)).toEqual({ tenant: 'default', process: 'book-trip', id: 'cart-42' });
    const id = buildCommandId(pid, 'r5f2c', 3);
    expect(id).toBe('default#book-trip#cart-42/r5f2c/3');
    expect(parseCommandId(id)).toEqual({ pid, run: 'r5f2c', n: 3 });
  });

  test('an id of 200 characters fits into the pid and the reply id of the process with the longest name', () => {
    const pid = buildPid('default', 'p'.repeat(50), '@'.repeat(200)) as string;
    expect(parsePid(pid)?.id).toHaveLength(200);
    expect(`${buildCommandId(pid, 'r0123456789ab', 9_999_999_999)}:completed`.length).toBeLessThanOrEqual(300);
  });

  test('an id that could name another instance is refused', () => {
    for (const id of ['', 'a#b', 'a/b', 'a b', 'ä', 'a%40b', 'a\\b', 'a'.repeat(201)]) {
      expect(isInstanceId(id)).toBe(false);
      expect(buildPid('default', 'book-trip', id)).toBe(undefined);
    }
    expect(buildPid('a#b', 'book-trip', 'x')).toBe(undefined);
    expect(buildPid('t'.repeat(64), 'book-trip', 'x'.repeat(200))).toBe(undefined);
  });

  test('text that is not an id is refused', () => {
    for (const id of ['', 'a', 'a#b', 'a#B c#d', 'a#b#c#d', 'a#b#c/d']) expect(parsePid(id)).toBe(undefined);
    for (const id of ['', 'a#b#c', 'a#b#c/r', 'a#b#c/r/01', 'a#b#c/r/-1', 'a#b#c/r/1/2', 'x/r/1'])
      expect(parseCommandId(id)).toBe(undefined);
  });

  test('ids of any valid instance are parsed into their parts', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9._:@+=,~!-]{1,200}$/);
    fc.assert(
      fc.property(id, fc.stringMatching(/^[A-Za-z0-9]{1,26}$/), fc.nat(), (instance, run, n) => {
        const pid = buildPid('default', 'p', instance) as string;
        expect(parseCommandId(buildCommandId(pid, run, n))).toEqual({ pid, run, n });
      }),
    );
  });
});

test('the length of data on the wire equals the length of its escaped JSON', () => {
  fc.assert(
    fc.property(json, (data) => {
      const length = toWire({ ...event, data }).length - toWire({ ...event, data: null }).length + 'null'.length;
      expect(wireLength(data)).toBe(length);
      expect(escapedLength(JSON.stringify(data))).toBe(length);
    }),
  );
});
