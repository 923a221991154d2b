import { describe, expect, test } from 'vitest';
import { busText, InboxRig } from './inbox-rig.ts';

const ORDER = { orderId: 'o-1' };
const PID = 'default#fulfil#o-1';

/** Works, and tells what was parked; nothing may be left in the inbox. */
const parkedBy = async (
  rig: InboxRig,
  pid = '',
): Promise<readonly { readonly reason: string; readonly detail: string; readonly body: string }[]> => {
  await rig.work();
  expect(rig.inbox.size, 'a parked message is acknowledged').toBe(0);
  return rig.parked(pid);
};

describe('a malformed message is parked unchanged, with its reason', () => {
  test.each([
    ['text that is not JSON', '{"detail":'],
    ['empty text', ''],
    ['JSON that is not an object', '42'],
    ['an array', '[]'],
    ['null', 'null'],
    ['no detail', '{"detail-type":"shop.placed"}'],
    ['a detail that is text', busText('shop.placed', 'hello')],
    ['an envelope of another specification', busText('shop.placed', { specversion: '2.0' })],
    ['a message of an unknown kind', '{"tutti":"frobnicate"}'],
    ['a wrapper whose end is cut off', '{"tutti":"forced","body":"{'],
    ['a wrapper without a body', '{"tutti":"forced"}'],
    ['a wrapper around nothing', '{"tutti":"forced","body":"","sentat":1}'],
    ['a tick without an instance', '{"tutti":"tick"}'],
    ['a start of nothing', '{"tutti":"start"}'],
    ['an operation without an id', '{"tutti":"operate","pid":"default#fulfil#o-1","act":"cancel"}'],
    ['an unknown operation', '{"tutti":"operate","opid":"o","pid":"default#fulfil#o-1","act":"explode","reason":"","by":""}'],
    ['a start without an id of its own', '{"tutti":"start","tenant":"default","process":"fulfil","id":"o-1","data":{"orderId":"o-1"}}'],
  ])('a malformed message is parked: %s', async (_, body) => {
    const rig = new InboxRig();
    rig.put(body);
    const [parked, ...others] = await parkedBy(rig);
    expect(others).toEqual([]);
    expect(parked).toMatchObject({ body: body.startsWith('{"tutti":"forced","body":""') ? '' : body });
    expect(['MALFORMED', 'UNKNOWN_PROCESS']).toContain(parked?.reason);
    expect(parked?.detail).toMatch(/\w+.*\.?$/);
  });

  test('an event whose stored data differs from its hash is parked', async () => {
    const rig = new InboxRig();
    const { dataref } = await rig.stores(PID, ORDER);
    rig.event('shop.placed', undefined, { dataref, datahash: `sha256:${'0'.repeat(64)}` });
    rig.event('shop.placed', undefined, { dataref });
    const parked = await parkedBy(rig);
    expect(parked).toMatchObject([{ reason: 'MALFORMED' }, { reason: 'MALFORMED' }]);
    expect(parked[0]?.detail).toContain('datahash');
    expect(await rig.head(PID)).toBeUndefined();
  });

  test('an unknown operation changes nothing, even if it names an instance', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', ORDER);
    await rig.work();
    const before = await rig.head(PID);
    rig.put('{"tutti":"operate","opid":"o","pid":"default#fulfil#o-1","act":"explode","reason":"","by":""}');
    expect(await parkedBy(rig)).toHaveLength(1);
    expect(await rig.head(PID)).toEqual(before);
  });
});

describe('data that breaks its schema is parked with the field and the allowed values', () => {
  test('an event whose data has the wrong type is parked', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 17 });
    const [parked] = await parkedBy(rig);
    expect(parked?.reason).toBe('DATA_INVALID');
    expect(parked?.detail).toMatch(/shop\.placed.*orderId/s);
  });

  test('keys that name prototypes change nothing', async () => {
    const rig = new InboxRig();
    rig.put(
      busText('shop.placed', JSON.parse('{"specversion":"1.0"}')).replace(
        '"specversion":"1.0"',
        '"specversion":"1.0","__proto__":{"polluted":true}',
      ),
    );
    rig.put(busText('shop.placed', 'x').replace('"x"', '{"orderId":"o-1","__proto__":{"polluted":true}}'));
    expect((await parkedBy(rig)).map(({ reason }) => reason)).toEqual(['MALFORMED', 'MALFORMED']);
    expect(({} as { readonly polluted?: boolean }).polluted).toBeUndefined();
  });

  test('data of more than 64 levels, or of ten thousand, is parked', async () => {
    for (const depth of [80, 10_000]) {
      const rig = new InboxRig();
      rig.put(busText('shop.placed', 'x').replace('"x"', '['.repeat(depth) + ']'.repeat(depth)));
      rig.put(busText('shop.placed', { specversion: '1.0', data: 'x' }).replace('"x"', '['.repeat(depth) + ']'.repeat(depth)));
      expect((await parkedBy(rig)).map(({ reason }) => reason)).toEqual(['MALFORMED', 'MALFORMED']);
    }
  });

  test('half of a surrogate pair, which UTF-8 cannot express, is parked', async () => {
    const rig = new InboxRig();
    rig.put(busText('shop.placed', 'x').replace('"x"', String.raw`{"orderId":"o-1","note":"\ud83d"}`));
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});

describe('a message without a receiver is parked with the reason', () => {
  test('an event without a subscriber is parked', async () => {
    const rig = new InboxRig();
    rig.event('shop.exploded', ORDER);
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'UNKNOWN_EVENT', detail: 'No process of shop subscribes to shop.exploded.' }]);
  });

  test('a start of an unknown process is parked', async () => {
    const rig = new InboxRig();
    rig.put(
      '{"tutti":"start","startid":"s","tenant":"default","process":"p-gone","id":"o-1","data":{},"time":"2026-11-21T10:00:00.000Z","by":"test"}',
    );
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'UNKNOWN_PROCESS' }]);
  });

  test('a signal to a process that does not receive it is parked', async () => {
    const rig = new InboxRig();
    rig.event('shop.confirmed', { orderId: 'o-1', by: 'x' }, { processid: 'default#fragile#o-1' });
    expect(await parkedBy(rig, 'default#fragile#o-1')).toMatchObject([{ reason: 'UNKNOWN_EVENT' }]);
  });

  test('a command in the inbox of the engine is parked', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', ORDER);
    await rig.work();
    const [command] = await rig.commands();
    rig.put(busText('payments.charge', command));
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});

describe('data of another version', () => {
  test('data of a newer version returns to the queue while a deploy may be in progress, and is parked after 15 minutes', async () => {
    const rig = new InboxRig();
    rig.event('shop.addressed', { orderId: 'o-1', street: 'x', city: 'y' }, { dataversion: 3 });
    expect(await rig.work()).toBe(1);
    expect(await rig.parked()).toEqual([]);
    await rig.pass(14 * 60_000);
    expect(rig.inbox.size).toBe(1);
    await rig.pass(2 * 60_000);
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'NEWER' }]);
    expect(await rig.head('default#addressed#o-1')).toBeUndefined();
  });

  test('data of an older version is upcast to the newest', async () => {
    const rig = new InboxRig();
    rig.event('shop.addressed', { orderId: 'o-1' }, { dataversion: 1 });
    await rig.work();
    expect((await rig.journal('default#addressed#o-1')).at(-1)).toMatchObject({ type: 'ProcessCompleted', data: { street: '' } });
  });
});

describe('an event with an invalid instance id is parked with the list of valid characters', () => {
  test.each([[''], ['a#b'], ['../../etc'], ['a b'], ['ä'], ['x'.repeat(201)], ['__proto__\n']])(
    'the instance id %j is refused',
    async (orderId) => {
      const rig = new InboxRig();
      rig.event('shop.placed', { orderId });
      const [parked] = await parkedBy(rig);
      expect(parked).toMatchObject({ reason: 'MALFORMED' });
      expect(parked?.detail).toContain('1 to 200 letters, digits and . : _ - @ + = , ~ !');
    },
  );

  test.each([['__proto__'], ['constructor'], ['a.b:c_d-e'], ['ada+1@example.com,x=~!'], ['x'.repeat(200)]])(
    'the instance id %j is valid',
    async (orderId) => {
      const rig = new InboxRig();
      rig.event('shop.placed', { orderId });
      expect(await parkedBy(rig)).toEqual([]);
      expect(await rig.head(`default#fulfil#${orderId}`)).toMatchObject({ status: 'running' });
    },
  );
});

describe('an event that its source may not publish', () => {
  test('an event of another owner is parked as FORBIDDEN', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', ORDER, { source: 'mallory' });
    expect(await parkedBy(rig)).toMatchObject([
      { reason: 'FORBIDDEN', detail: 'shop.placed came from mallory: only its owner, shop, may publish it.' },
    ]);
    expect(await rig.head(PID)).toBeUndefined();
  });
});

describe('an event that is more than 100 events away from its first cause', () => {
  test('an event with more than 100 hops is parked', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', ORDER, { hops: 101 });
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'TOO_MANY_HOPS' }]);
  });

  test('an event with 100 hops is applied, and the events that it causes have one more', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', ORDER, { hops: 100 });
    await rig.work();
    const [charge] = await rig.commands();
    expect(charge?.hops).toBe(100);
  });
});

describe('a dead letter', () => {
  const drain = async (rig: InboxRig): Promise<void> => {
    const queue = rig.state.queues.get('inbox-dead-letter');
    const messages = (await queue?.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 })) ?? [];
    const { acknowledge } = await rig.engine.drainDeadLetters(messages);
    await queue?.delete(acknowledge);
  };

  test('a dead letter is redriven after a pause, and then applied', async () => {
    const rig = new InboxRig();
    rig.event('shop.placed', ORDER);
    const [message] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 0 });
    rig.state.queues.get('inbox-dead-letter')?.put(message?.body ?? '');
    await rig.inbox.delete([message?.receiptHandle ?? '']);
    await drain(rig);
    await rig.pass(30_000);
    expect(await parkedBy(rig)).toEqual([]);
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
  });

  test('a message that was a dead letter for a day is parked as it first came', async () => {
    const rig = new InboxRig();
    const body = busText('shop.placed', { specversion: '1.0' });
    const since = rig.clock.now() - 86_400_000;
    rig.state.queues.get('inbox-dead-letter')?.put(JSON.stringify({ tutti: 'forced', body, sentat: 7, since }));
    await drain(rig);
    await rig.pass(900_000);
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'DEAD_LETTER', body }]);
  });

  test('a broken wrapper in the dead-letter queue is parked', async () => {
    const rig = new InboxRig();
    rig.state.queues.get('inbox-dead-letter')?.put('{"tutti":"forced","body":');
    await drain(rig);
    await rig.pass(30_000);
    expect(await parkedBy(rig)).toMatchObject([{ reason: 'MALFORMED', body: '{"tutti":"forced","body":' }]);
  });
});

describe('characters that SQS refuses', () => {
  test.each([
    ['an emoji', '🧳'],
    ['U+FFFE', '\ufffe'],
    ['a control character', '\u0001'],
    ['a separator', '\u2028'],
    ['quotes and backslashes', '"\\/"'],
  ])('a text with %s arrives unchanged, and every body is ASCII', async (_, note) => {
    const rig = new InboxRig();
    rig.event('shop.placed', { orderId: 'o-1', note });
    await rig.work();
    const queue = rig.state.queues.get('payments');
    const [message] = (await queue?.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 })) ?? [];
    expect(message?.body).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(message?.body ?? '')).toMatchObject({ data: { orderId: 'o-1', note } });
    expect(await rig.journal(PID)).toMatchObject([{ type: 'ProcessStarted', data: { orderId: 'o-1', note } }, {}]);
  });
});
