import { expect, test } from 'vitest';
import { z } from 'zod';
import { canonical, jsonFault } from '../../lib/contract/wire/json.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { escapedLength, parseEnvelope, toWire } from '../../lib/contract/wire/wire.ts';
import { buildCommandId, buildPid, parseCommandId, parsePid } from '../../lib/contract/wire/process-id.ts';
import { type Json, NEWER, type Schema, parse, parseVersion, versions } from '../../lib/contract/schema.ts';
import { newImage, type Image, type Unknown } from '../../lib/core/image.ts';
import { decodeHead, encodeControl, encodeHead } from '../../lib/format/head-codec.ts';
import { inboxBody, sha256 } from '../../lib/format/inbox-message.ts';
import { mergeJournal, readEntries } from '../../lib/format/read-journal.ts';
import { readTaskToken, taskToken } from '../../lib/service/task-token.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { fuzz } from './fuzz.ts';
import { json, number, plainJson, text, wellFormedText } from './hostile-json.ts';
import { BATCH, inputsOf, timeoutMs } from './plan.ts';

const same = (what: string, got: unknown, wanted: unknown): void => {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) expect(got, `${what} comes back as it was`).toEqual(wanted);
};

/** JSON, or values that JSON cannot represent, at any depth. */
const anything = (choices: Choices): unknown => {
  const odd: readonly unknown[] = [
    undefined,
    NaN,
    Infinity,
    1n,
    Symbol('s'),
    () => 1,
    new Date(0),
    new Map(),
    new Error('x'),
    Object.create({ inherited: 1 }),
  ];
  const value = choices.chance(0.3) ? choices.one(odd) : json(choices);
  switch (choices.below(4)) {
    case 0:
      return { a: [value] };
    case 1: {
      let deep = value;
      for (let depth = choices.one([10, 63, 64, 65, 1_000]); depth > 0; depth -= 1) deep = [deep];
      return deep;
    }
    case 2: {
      const round: Record<string, unknown> = { value };
      round['self'] = choices.chance(0.5) ? round : value;
      return round;
    }
    default:
      return value;
  }
};

const ANY = z.any() as Schema;
const ADDRESS = versions(z.object({ street: z.string() })).next(z.object({ lines: z.array(z.string()) }), ({ street }) => ({
  lines: [street],
}));

/** A value that a contract accepts is JSON. Every other value is refused with a code, and no other error is thrown. */
const contract = (choices: Choices): void => {
  const value = anything(choices);
  try {
    if (choices.chance(0.5)) {
      const parsed = parse(ANY, value, 'it was given');
      expect(jsonFault(parsed)).toBeUndefined();
      const wire = JSON.stringify(parsed);
      expect(canonical(JSON.parse(wire) as Json)).toBe(canonical(parsed));
    } else {
      const version = choices.one([undefined, 1, 2, 3, 99]);
      const old = choices.chance(0.5) ? { street: text(choices) } : value;
      const parsed = parseVersion(ADDRESS as Schema, version, old, 'it was given');
      if (parsed === NEWER) expect(version).toBeGreaterThan(2);
      else expect(jsonFault(parsed)).toBeUndefined();
    }
  } catch (error) {
    if (!isOrchestratorError(error) || error.code !== 'DATA_INVALID') throw error;
  }
};

const wire = (choices: Choices): void => {
  const data = plainJson(choices, 5) as Json;
  const envelope = {
    specversion: '1.0',
    id: 'e-1',
    source: 'shop',
    type: 'shop.placed',
    time: '2026-11-21T10:00:00.000Z',
    datacontenttype: 'application/json',
    hops: choices.below(100),
    subject: wellFormedText(choices) || 'x',
    data,
  } as const;
  const written = toWire(envelope);
  if (!/^[\x20-\x7e]*$/.test(written)) throw new Error(`The wire is not ASCII: ${written}`);
  expect(written.length).toBe(escapedLength(JSON.stringify(envelope)));
  const read = parseEnvelope(written);
  if (read.kind !== 'event') throw new Error(`${JSON.stringify(read)} was made of ${written}`);
  same('an envelope', read.envelope, envelope);
  const once = canonical(data);
  expect(canonical(JSON.parse(once) as Json)).toBe(once);
  expect(canonical(shuffled(choices, data) as Json)).toBe(once);
};

const shuffled = (choices: Choices, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((each) => shuffled(choices, each));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, shuffled(choices, member)] as const);
  return Object.fromEntries(choices.chance(0.5) ? entries.toReversed() : entries);
};

const ids = (choices: Choices): void => {
  const part = (): string =>
    choices.one([
      'default',
      'o-1',
      'a.b:c_d-e',
      'ada+1@example.com,x=~!',
      '',
      'a#b',
      'a/b',
      '#',
      '/',
      '\u0000',
      'ü',
      '\ud800',
      'x'.repeat(200),
      'x'.repeat(201),
      'x'.repeat(64),
      'x'.repeat(65),
      text(choices),
    ]);
  const [tenant, id] = [part(), part()];
  const pid = buildPid(tenant, 'fulfil', id);
  if (pid !== undefined) {
    expect(parsePid(pid)).toEqual({ tenant, process: 'fulfil', id });
    const n = choices.one([0, 1, 9_999_999_999]);
    expect(parseCommandId(buildCommandId(pid, 'r5f2c', n))).toEqual({ pid, run: 'r5f2c', n });
  } else
    expect(/^[A-Za-z0-9._-]{1,64}$/.test(tenant) && /^[A-Za-z0-9._:@+=,~!-]{1,200}$/.test(id) && tenant.length + id.length <= 252).toBe(
      false,
    );
  const commandId = part();
  const token = taskToken({ service: 'payments', commandId, nonce: 'N'.repeat(22) });
  expect(() => readTaskToken(choices.chance(0.5) ? token.slice(0, -1) : text(choices))).toThrow(/token was refused/);
};

const value = (choices: Choices): Json => plainJson(choices) as Json;

const unknown = (choices: Choices): Unknown => ({
  since: choices.between(0, 2 ** 41),
  attempts: choices.below(9),
  ...(choices.chance(0.5) && { lastError: { code: text(choices), message: text(choices) } }),
});

const control = (choices: Choices): void => {
  const image: Image = {
    ...newImage('default#fulfil#o-1', 'r1', 'fulfil@1', 5),
    version: 7,
    writer: 'w1',
    clock: choices.one([0, 1, 2 ** 41]),
    seq: choices.between(1, 5_000),
    commands: new Map(
      Array.from({ length: choices.below(4) }, (_, n) => [
        n,
        {
          n,
          path: wellFormedText(choices),
          command: 'payments.charge',
          input: value(choices),
          hash: '0'.repeat(16),
          mode: choices.one(['call', 'send', 'undo'] as const),
          attempt: 1,
          retries: 0,
          since: 1,
          due: choices.one([1, Infinity, 2 ** 50]),
          timeoutMs: 5,
          cause: `s:${wellFormedText(choices)}`,
          messageId: 'm',
          hops: 0,
          ...(choices.chance(0.3) && { unknown: unknown(choices) }),
          ...(choices.chance(0.3) && { settling: 'cancelled' as const, settleBy: 2 ** 41 }),
          ...(choices.chance(0.3) && { intervalMs: choices.between(1, 43_200_000), deadline: 2 ** 42 }),
        },
      ]),
    ),
    timers: new Map([[9, { n: 9, path: text(choices), due: Math.abs(number(choices)) + 0, purpose: 'sleep' as const }]]),
    signals: Array.from({ length: choices.below(4) }, () => ({ id: text(choices), time: 1 })),
    tombstones: Array.from({ length: choices.below(3) }, (_, n) => ({
      run: 'r0',
      n,
      command: 'payments.charge',
      hash: 'h',
      input: value(choices),
      ...(choices.chance(0.5) && { path: wellFormedText(choices), unresolved: unknown(choices) }),
    })),
    tail: Array.from({ length: choices.below(4) }, () => JSON.stringify({ type: 'EventReceived', data: json(choices) })),
    ...(choices.chance(0.5) && { tags: { [text(choices)]: text(choices) } }),
    ...(choices.chance(0.5) && { view: { data: value(choices) } }),
    ...(choices.chance(0.3) && { status: 'stuck' as const, stuck: { code: 'POISON', message: text(choices) } }),
  };
  const flat = (each: Image): unknown => ({
    ...each,
    commands: [...each.commands.values()].map((command) => ({ ...command, due: String(command.due) })),
    timers: [...each.timers.values()],
    resends: [...each.resends],
  });
  const decoded = decodeHead(encodeHead(image, image.writer, encodeControl(image)));
  expect(flat(decoded)).toEqual(flat(image));
};

const journal = async (choices: Choices): Promise<void> => {
  const large = value(choices);
  const hash = sha256(JSON.stringify(large));
  const entries = Array.from({ length: choices.between(1, 8) }, (_, at) => ({
    type: 'EventReceived',
    at,
    event: 'shop.placed',
    id: text(choices),
    source: 'shop',
    time: '',
    data: value(choices),
  }));
  const texts = entries.map((entry) => JSON.stringify(entry));
  texts.push(JSON.stringify({ type: 'EventReceived', dataref: hash }));
  // Chunks of two writers may overlap, but never differ.
  const to = choices.below(texts.length + 1);
  const chunks = [
    { from: 0, entries: texts.slice(0, to) },
    { from: Math.floor(to / 2), entries: texts.slice(Math.floor(to / 2), to) },
  ];
  const merged = mergeJournal(chunks, { pid: 'p', run: 'r', tail: texts.slice(to), tailFrom: to });
  same('a journal', merged, texts);
  const read = await readEntries(merged, async (name) => (name === hash ? large : 'wrong'));
  same('a journal', read, [...entries, { type: 'EventReceived', data: large }]);
};

const wrapper = (choices: Choices): void => {
  const body = choices.chance(0.5) ? text(choices) : JSON.stringify(json(choices));
  const written = inboxBody({ tutti: 'forced', body, sentat: 1 });
  if (!/^[\x20-\x7e]*$/.test(written)) throw new Error('The inbox is not ASCII.');
  expect((JSON.parse(written) as { readonly body: string }).body).toBe(body);
};

const CODECS = [wire, ids, control, journal, wrapper] as const;

test(
  `the contracts: of ${inputsOf('contracts')} values each is JSON, or is refused with a code`,
  async () => {
    const feed = async (choices: Choices): Promise<number> => {
      for (let values = 0; values < BATCH; values += 1) contract(choices);
      return BATCH;
    };
    await expect(fuzz('contracts', feed)).resolves.toBeUndefined();
  },
  timeoutMs('contracts'),
);

test(
  `the wire and journal: of ${inputsOf('wire and journal')} values each is equal after it was written and read, or is refused`,
  async () => {
    const feed = async (choices: Choices): Promise<number> => {
      for (let values = 0; values < BATCH; values += 1) await choices.one(CODECS)(choices);
      return BATCH;
    };
    await expect(fuzz('wire and journal', feed)).resolves.toBeUndefined();
  },
  timeoutMs('wire and journal'),
);
