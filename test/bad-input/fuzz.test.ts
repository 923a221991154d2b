import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inboxBody } from '../../lib/engine/inbox-message.ts';
import { busText, InboxRig } from './inbox-rig.ts';

const RUNS = 2_000;
const INSTANT = '2026-11-21T10:00:00.000Z';

const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('shop', 'payments', 'mallory', '', '__proto__', 'default#fulfil#o-1', '\ufffe', '\ud800'),
);
const anything = fc.jsonValue({ maxDepth: 4 });
const orNot = (good: unknown) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(good) },
    { weight: 1, arbitrary: anything },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );

/** What an envelope may look like when each of its fields may be right, wrong or missing. */
const detail = fc.record(
  {
    specversion: orNot('1.0'),
    id: fc.oneof(fc.constantFrom('e-1', 'e-2', 'default#fulfil#o-1/r1/1:completed'), word, anything),
    source: fc.oneof(fc.constantFrom('shop', 'payments'), word),
    type: fc.oneof(
      fc.constantFrom('shop.placed', 'shop.confirmed', 'shop.restarting', 'shop.addressed', 'payments.charge.completed', 'payments.charge'),
      word,
    ),
    time: orNot(INSTANT),
    datacontenttype: orNot('application/json'),
    dataversion: fc.oneof(fc.constant(undefined), fc.integer({ min: -1, max: 9 }), anything),
    hops: fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 500 }), anything),
    data: fc.oneof(fc.constantFrom({ orderId: 'o-1' }, { orderId: 'o-1', by: 'x' }, { paymentId: 'p' }, undefined), anything),
    dataref: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: word }),
    processid: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('default#fulfil#o-1', 'default#gone#o-1', 'x') },
    ),
    commandid: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.constantFrom('default#fulfil#o-1/r1/1', 'default#fulfil#o-1/r1/99999999999', 'x') },
    ),
    commandhash: orNot(`sha256:${'0'.repeat(64)}`),
    attempt: fc.oneof(fc.constant(undefined), fc.constant(1), anything),
    outcome: fc.oneof(fc.constant(undefined), fc.constantFrom('completed', 'failed', 'deferred', 'unknown', 'cancelled'), anything),
    replyto: fc.oneof(fc.constant(undefined), fc.constant('shop'), word),
  },
  { requiredKeys: [] },
);

const internal = fc.record(
  {
    tutti: fc.oneof(fc.constantFrom('tick', 'start', 'operate', 'forced'), word),
    pid: fc.oneof(fc.constantFrom('default#fulfil#o-1', 'default#p-restarting#o-1'), word, anything),
    run: fc.oneof(fc.constant('r1'), anything),
    tickAt: fc.oneof(fc.integer(), anything),
    startid: fc.oneof(fc.constantFrom('s-1', 's-2'), anything),
    tenant: orNot('default'),
    process: fc.oneof(fc.constantFrom('fulfil', 'p-restarting'), word),
    id: fc.oneof(fc.constantFrom('o-1', 'o-2'), word, anything),
    data: fc.oneof(fc.constant({ orderId: 'o-1' }), anything),
    time: orNot(INSTANT),
    by: orNot('test'),
    onopen: fc.oneof(fc.constantFrom(undefined, 'attach', 'signal'), anything),
    tags: fc.oneof(fc.constantFrom(undefined, { a: 'b' }), anything),
    opid: fc.oneof(fc.constantFrom('op-1', 'op-2'), anything),
    act: fc.oneof(fc.constantFrom('cancel', 'terminate', 'resume'), word),
    reason: orNot('r'),
    skip: fc.oneof(fc.constant(undefined), word),
    sentat: fc.oneof(fc.integer(), anything),
    body: fc.oneof(word, fc.constant(busText('shop.placed', { orderId: 'o-1' }))),
  },
  { requiredKeys: ['tutti'] },
);

const bus = fc
  .tuple(fc.oneof(fc.constantFrom('shop.placed', 'shop.confirmed'), word), fc.oneof(detail, anything))
  .map(([type, content]) => busText(type, content));
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  anything.map((value) => JSON.stringify(value)),
  bus,
  internal.map((value) => JSON.stringify(value)),
);
/** Cut off, or wrapped as a redrive does. */
const body = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 1, arbitrary: fc.tuple(text, fc.nat(200)).map(([whole, at]) => whole.slice(0, at)) },
  { weight: 1, arbitrary: text.map((inner) => inboxBody({ tutti: 'forced', body: inner, sentat: 1 })) },
);

describe('whatever comes into the inbox', () => {
  it(`ends no worker and is acknowledged only when it is applied or parked: ${RUNS} bodies`, async () => {
    let rig = new InboxRig();
    let count = 0;
    let parkedBefore = 0;
    const allParked = async (): Promise<number> => {
      let sum = (await rig.parked()).length;
      for (const pid of PIDS) sum += (await rig.parked(pid)).length;
      return sum;
    };
    await fc.assert(
      fc.asyncProperty(body, async (input) => {
        count += 1;
        if (count % 20 === 1) {
          rig = new InboxRig();
          rig.event('shop.placed', { orderId: 'o-1' });
          await rig.work();
          parkedBefore = 0;
        }
        rig.put(input);
        const [message] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
        expect(message).toBeDefined();
        const { acknowledge, giveBack } = await rig.engine.advance(message ? [message] : []);
        expect([...acknowledge, ...giveBack.map(({ receiptHandle }) => receiptHandle)]).toEqual([message?.receiptHandle]);
        for (const { seconds } of giveBack)
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 43_200, `gives back for ${seconds} s`).toBe(true);
        // Given back, it would come again: enough for this message.
        await rig.inbox.delete([message?.receiptHandle ?? '']);
        const parked = await allParked();
        if (acknowledge.length === 1 && !understood(input))
          expect(parked, `${input} is acknowledged, but not parked`).toBe(parkedBefore + 1);
        parkedBefore = parked;
      }),
      { numRuns: RUNS, seed: Number(process.env['TUTTI_FUZZ_SEED'] ?? 20_261_121) },
    );
    expect(count).toBeGreaterThanOrEqual(RUNS);
  }, 60_000);
});

const PIDS = ['fulfil', 'p-restarting', 'fragile', 'gone', 'addressed', 'p-attaching', 'p-signalling', 'p-retrying'].flatMap((process) => [
  `default#${process}#o-1`,
  `default#${process}#o-2`,
]);

/** Whether it may have been applied: JSON with a detail, or a message of Tutti's own. All else can only be parked. */
const understood = (input: string): boolean => {
  try {
    const value = JSON.parse(input) as { readonly tutti?: unknown; readonly detail?: unknown; readonly body?: unknown } | null;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    if (value.tutti === 'forced') return typeof value.body === 'string' && understood(value.body);
    return ['tick', 'start', 'operate'].includes(String(value.tutti)) || (typeof value.detail === 'object' && value.detail !== null);
  } catch {
    return false;
  }
};
