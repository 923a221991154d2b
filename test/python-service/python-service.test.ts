import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { type Json, canonical } from '../../lib/contract/wire/json.ts';
import type { CommandEnvelope, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { parseEnvelope, toWire } from '../../lib/contract/wire/wire.ts';
import type { CommandRecord } from '../../lib/ports/idempotency-store.ts';
import { complete, defer, claim, type ClaimRequest } from '../../lib/service/consumer/command-record.ts';
import { buildReply } from '../../lib/service/consumer/reply.ts';
import { endRun, type RunEnd } from '../../lib/service/consumer/run-end.ts';
import { lastErrorFrom } from '../../lib/service/consumer/run-error.ts';
import { limitsOf, type Runs } from '../../lib/service/consumer/run-limits.ts';
import { newNonce, taskToken } from '../../lib/service/task-token.ts';
import { inPython, python } from './python.ts';

const HASH = `sha256:${'9f'.repeat(32)}`;
const command: CommandEnvelope = {
  specversion: '1.0',
  id: 'default#book-trip#cart-42/r5f2c/3',
  source: 'trips',
  type: 'hotels.book',
  time: '2026-11-21T10:00:00.180Z',
  datacontenttype: 'application/json',
  datahash: HASH,
  subject: 'cart-42',
  attempt: 1,
  deadline: '2026-11-24T10:00:00.180Z',
  replyto: 'trips',
  replytoken: 'h1.Kx',
  hops: 0,
  data: { city: 'Lisbon', from: '2027-01-01', nights: 3 },
};

test("the Python service's own tests pass", () => {
  const { status, stderr } = python(['-m', 'unittest', 'tests.wire', 'tests.service', 'tests.hotels', 'tests.hostile', 'tests.spans']);
  expect([status, stderr]).toEqual([0, expect.stringMatching(/Ran \d{2,} tests in [\d.]+s\n\nOK\n$/)]);
});

test('the canonical JSON of the Python service equals that of the library for any value', () => {
  const key = fc.string({ unit: 'binary' }).filter((name) => name !== '__proto__');
  const number = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger().map((n) => n * 2 ** 40),
  );
  const value = fc.letrec<{ it: Json }>((tie) => ({
    it: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false, 1e21, 1e-7, -0, 2 ** 60, 5e-324, 123_456_789_012_345_680_000),
      number,
      fc.string({ unit: 'binary' }),
      fc.array(tie('it'), { maxLength: 4 }),
      fc.dictionary(key, tie('it'), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).it;
  const values = fc.sample(value, 1000);
  expect(inPython('wire.canonical(it)', values)).toEqual(values.map((each) => canonical(JSON.parse(JSON.stringify(each)) as Json)));
});

test('the replies of the Python service equal those of the library and are valid replies', async () => {
  const now = Date.parse('2026-11-21T10:00:00.420Z');
  const outcomes = ['completed', 'failed', 'cancelled', 'deferred', 'unknown'] as const;
  const tenant = { ...command, tenant: 'acme', traceparent: '00-4bf9-01' };
  const cases = [command, tenant].flatMap((each) => outcomes.map((outcome) => ({ command: each, outcome })));
  const data = { type: 'SoldOut', message: 'Österreich ist voll 😀', data: { freeFrom: '2027-02-17' } };
  const replies = inPython(
    `wire.to_wire(wire.build_reply(it["command"], "hotels", it["outcome"], ${now}, ${JSON.stringify(data)}))`,
    cases,
  );
  for (const [index, { command, outcome }] of cases.entries()) {
    const parts = { service: 'hotels', outcome, data, time: new Date(now).toISOString() };
    const expected = JSON.parse(await buildReply(command, parts, new MemoryPayloadStore())) as ReplyEnvelope;
    expect(parseEnvelope(replies[index])).toEqual({ kind: 'reply', envelope: expected });
    expect(replies[index]).toMatch(/^[\u0020-\u007e]*$/);
  }
});

test('the task tokens of the Python service equal those of the library', () => {
  const nonce = newNonce();
  expect(inPython(`wire.task_token("hotels", it, "${nonce}")`, [command.id])).toEqual([
    taskToken({ service: 'hotels', commandId: command.id, nonce }),
  ]);
});

/** All relevant states of a record, combined with all relevant deliveries. */
const NOW = 1_000_000;
const reply = JSON.stringify({ outcome: 'completed', data: 1 });
const failure = JSON.stringify({ outcome: 'failed', data: 2 });
const ERROR = { code: 'ECONNREFUSED', message: 'down' };
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();
const envelope = (fields: Partial<CommandEnvelope>): string => JSON.stringify(fields);
const records: readonly (CommandRecord | undefined)[] = [
  undefined,
  { state: 'DONE', hash: HASH, reply, revision: 2 },
  { state: 'FAILED', hash: HASH, reply: failure, revision: 2 },
  { state: 'TOMB', hash: HASH, revision: 1 },
  { state: 'DEFERRED', hash: HASH, command: '{}', beatAt: 5, revision: 2 },
  { state: 'DEFERRED', hash: HASH, command: '{}', beatAt: 5, revision: 2, nonce: 'n1' },
  { state: 'REVOKED', hash: HASH, command: '{}', revision: 3 },
  { state: 'REVOKED', hash: HASH, command: '{}', revision: 3, failures: 2, lastError: ERROR, nextRunAt: NOW + 7 },
  { state: 'REVOKED', hash: HASH, command: '{}', revision: 3, failures: 1_000, lastError: ERROR, nextRunAt: NOW - 7 },
  ...[
    {},
    { maybeDone: true as const },
    { maybeDone: true as const, once: true as const },
    { early: reply, maybeDone: true as const },
    { nonce: 'n1' },
    { early: reply, nonce: 'n1' },
  ].flatMap((more) =>
    [1, 2, 3].flatMap((failures) =>
      [NOW - 5, NOW + 5].flatMap((nextRunAt) =>
        [envelope({}), envelope({ retryattempts: 2, deadline: at(NOW - 1) }), envelope({ retryattempts: 9, deadline: at(NOW + 9) })].map(
          (command): CommandRecord => ({
            state: 'RUN',
            hash: HASH,
            command,
            revision: 2,
            failures,
            lastError: ERROR,
            nextRunAt,
            ...more,
          }),
        ),
      ),
    ),
  ),
  ...[NOW - 1, NOW, NOW + 1].flatMap((leaseUntil) =>
    [
      {},
      { early: reply },
      { early: failure },
      { once: true as const },
      { once: true as const, early: reply },
      { early: reply, nonce: 'n1' },
    ].map((more): CommandRecord => ({ state: 'RUN', hash: HASH, token: 'theirs', leaseUntil, command: '{}', revision: 1, ...more })),
  ),
];
const deliveries: readonly ClaimRequest[] = [HASH, `sha256:${'00'.repeat(32)}`].flatMap((hash) =>
  [true, false].flatMap((settling) =>
    (['run', 'hold', 'give-up'] as const).flatMap((mode) =>
      [{}, { retryattempts: 2, retryfirst: 90_000, retryfactor: '1.5', deadline: at(NOW + 50) }].map((fields) => ({
        hash,
        command: envelope(fields),
        effect: 'key' as const,
        settling,
        mode,
        token: 'mine',
        nonce: 'fresh',
        now: NOW,
        leaseUntil: NOW + 60_000,
        jitter: 0.75,
        ...limitsOf(fields),
      })),
    ),
  ),
);

const DELIVERY = `decision.Delivery(it["delivery"]["hash"], it["delivery"]["command"], it["delivery"]["settling"], it["delivery"]["mode"],
      it["delivery"]["token"], it["delivery"]["now"], it["delivery"]["leaseUntil"],
      decision.Policy.of(json.loads(it["delivery"]["command"])), it["delivery"]["jitter"], it["delivery"]["nonce"])`;

/** A record as an item of the table, in which the last error is two attributes. */
const stored = (record: Partial<CommandRecord> | undefined) => {
  if (record === undefined) return null;
  const { lastError, ...rest } = record;
  return lastError === undefined ? rest : { ...rest, errorCode: lastError.code, errorMessage: lastError.message };
};
/** A verdict of the library with the names of the Python service. */
const named = ({ runs, ...verdict }: ReturnType<typeof claim> & { readonly runs?: Runs }) => ({
  write: null,
  outcome: '',
  reply: '',
  until: 0,
  claimed: false,
  ...verdict,
  ...('write' in verdict && verdict.write !== undefined && { write: stored(verdict.write) }),
  failures: runs?.failures ?? 0,
  error: runs?.lastError === undefined ? null : [runs.lastError.code, runs.lastError.message],
});

test('the Python service decides as the library does, for every record and every delivery', () => {
  const cases = records.flatMap((record) => deliveries.map((delivery) => ({ record, delivery })));
  const verdicts = inPython(
    `asdict(decision.receive(it["record"], ${DELIVERY}))`,
    cases.map(({ record, delivery }) => ({ record: stored(record), delivery })),
  );
  expect(verdicts).toEqual(cases.map(({ record, delivery }) => named(claim(record, delivery))));
});

test('the Python service ends a run without an answer as the library does, for every record and every delivery', () => {
  const mine = records.map((record) => record && { ...record, ...(record.token !== undefined && { token: 'mine' }) });
  const ends = (['failed', 'not-done', 'later'] as const).flatMap((how) =>
    [true, false].map((settled): RunEnd => ({ how, settled, error: ERROR, ...(how === 'later' && { delayMs: 60_000 }) })),
  );
  const cases = mine.flatMap((record) => deliveries.flatMap((delivery) => ends.map((end) => ({ record, delivery, end }))));
  const verdicts = inPython(
    `(lambda verdict: verdict and asdict(verdict))(decision.end_run(it["record"], ${DELIVERY}, decision.RunEnd(it["end"]["how"],
      (it["end"]["error"]["code"], it["end"]["error"]["message"]), it["end"]["settled"], it["end"].get("delayMs", 0))))`,
    cases.map(({ record, delivery, end }) => ({ record: stored(record), delivery, end })),
  );
  const expected = cases.map(({ record, delivery, end }) => {
    const ended = endRun(record, delivery, end);
    return ended.kind === 'lost' ? null : named(ended);
  });
  expect(verdicts).toEqual(expected);
});

test('the Python service reports the same last error as the library, with texts that look like secrets masked', () => {
  const messages = [
    'a\nb',
    'Authorization: Bearer abc',
    '{"password":"x"}',
    'postgres://a:b@db',
    'key AKIAabcdefgh0123456789XYZ',
    '0a'.repeat(32),
  ];
  const scrubbed = messages.map((message) => lastErrorFrom(new Error(message)).message);
  expect(inPython('scrub.scrubbed(it)', messages)).toEqual(scrubbed);
});

test('the Python service completes and defers as the library does', () => {
  const mine = records.filter((record) => record?.state === 'RUN').map((record) => ({ ...(record as CommandRecord), token: 'mine' }));
  const written = (record: CommandRecord) =>
    [complete(record, 'mine', 'DONE', reply), defer(record, 'mine', NOW)].map((fenced) => ('write' in fenced ? fenced.write : undefined));
  expect(inPython(`[decision.complete(it, ${JSON.stringify(reply)}), decision.defer(it, ${NOW})]`, mine)).toEqual(mine.map(written));
  const others = records.map((record) => record ?? null);
  expect(inPython('decision.is_mine(it, "mine")', [...others, ...mine])).toEqual([...others.map(() => false), ...mine.map(() => true)]);
});

/** A value that nests `levels` arrays. */
const nested = (levels: number): unknown => (levels === 0 ? 0 : [nested(levels - 1)]);

test('the Python service accepts the commands that the library accepts', () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('1.0', '2', '0.5', '1.', HASH, 'a b', '', 0, 1, -1, 2, true, null, command.time, 'default#p#i'),
    fc.constantFrom<unknown>(nested(63), nested(64), nested(65), '\ud800', { '\udc00': 1 }, { constructor: 1 }, [{ prototype: 1 }]),
    fc.constant<unknown>(JSON.parse('{"__proto__":1}')),
  );
  const fields = [
    'specversion',
    'id',
    'source',
    'type',
    'time',
    'datacontenttype',
    'datahash',
    'attempt',
    'deadline',
    'retryattempts',
    'retryfirst',
    'retrymost',
    'retryfactor',
    'timeout',
    'replyto',
    'hops',
    'data',
    'dataversion',
    'more',
  ];
  const bodies = fc
    .sample(fc.array(fc.tuple(fc.constantFrom(...fields), fc.option(value, { nil: undefined })), { maxLength: 2 }), 1000)
    .map((changes) => toWire({ ...command, ...Object.fromEntries(changes) }));
  const taken = inPython('kind(it)', bodies);
  expect(taken).toEqual(bodies.map((body) => parseEnvelope(body).kind).map((kind) => (kind === 'command' ? 'command' : 'malformed')));
});

test('the test vector of docs/wire.md is canonical, and its hash is right', () => {
  const page = readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8');
  const [, written, text, hash] = /```\n(\{ .*\})\ncanonical {2}(.*)\ndatahash {3}(\S+)\n```/.exec(page)!;
  const data = JSON.parse(written!) as Json;
  expect(canonical(data)).toBe(text);
  expect(`sha256:${createHash('sha256').update(text!).digest('hex')}`).toBe(hash);
});
