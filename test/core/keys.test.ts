import * as z from 'zod';
import { event, process, type AnyEvent, type AnyProcess } from 'tutti';
import { describe, expect, test } from 'vitest';
import { KEYS, keyDefinition, keyFault, SUBSCRIBE, SUBSCRIBERS_MAX } from '../../lib/contract/keys.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { classify, type Verdict } from '../../lib/core/classify.ts';
import { identityOf } from '../../lib/core/identity.ts';
import { EARLY_EVENTS_MAX, newImage, type Image } from '../../lib/core/image.ts';
import type { Inbound, KeyInbound, SignalInbound } from '../../lib/core/inbound.ts';
import { holdsSubscription } from '../../lib/core/subscriptions.ts';
import { decideEvent } from '../../lib/engine/advance/decide.ts';
import { LiveInstance } from '../../lib/engine/advance/live-instance.ts';
import { decodeHead, encodeControl, encodeHead } from '../../lib/format/head-codec.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Instance } from './instance.ts';

const KEY = `default#${KEYS}#k`;
const TIME = '2026-01-01T00:00:00.000Z';
const NOW = Date.parse(TIME);
const environment = { system: 'trips', commands: new Map(), hash: sha256, canonical, tickThresholdMs: 0, checks: true };
const of = (name: string): string => `default#ride#${name}/run/1`;

/** A key in the kernel of production, without an engine. */
class Key {
  image: Image = newImage(KEY, 'run', `${KEYS}@1`, NOW);
  /** As a worker without a cache would read it. */
  stored: Image | undefined;
  #live: LiveInstance | undefined;

  verdict(inbound: Inbound): Verdict {
    return classify(this.#live ? this.image : undefined, inbound, keyDefinition);
  }

  async #takes(inbound: Inbound): Promise<Verdict> {
    const verdict = this.verdict(inbound);
    if (verdict !== 'apply') return verdict;
    this.#live ??= new LiveInstance({ definition: keyDefinition, environment, frontEndOf }, this.image);
    this.image.pendingSends = [];
    await decideEvent(this.#live, inbound);
    this.stored = decodeHead(encodeHead(this.image, 'w', encodeControl(this.image)));
    return verdict;
  }

  message(act: KeyInbound['act'], name: string, more: Partial<KeyInbound> = {}): KeyInbound {
    const identity = identityOf(sha256, { pid: KEY, event: `#${act}`, id: name });
    const carried = { messageId: 'm', forced: false, at: NOW, hops: 0, time: TIME };
    return { ...carried, kind: 'key', key: `${act}:${name}`, act, id: of(name), identity, ...more };
  }

  subscribes(name: string, deliver?: 'first'): Promise<Verdict> {
    const named = { process: 'ride', event: 'drivers.moved', key: 'd-1' };
    return this.#takes(this.message('subscribe', name, { name: named, ...(deliver && { deliver }) }));
  }

  resumes(): Promise<Verdict> {
    const carried = { messageId: 'm', forced: false, at: NOW, hops: 0 };
    return this.#takes({ ...carried, kind: 'operate', key: 'o:1', id: '1', identity: '1', act: 'resume', reason: 'because', by: 'Ann' });
  }

  unsubscribes(name: string): Promise<Verdict> {
    return this.#takes(this.message('unsubscribe', name));
  }

  signal(id: string): SignalInbound {
    const identity = identityOf(sha256, { pid: KEY, event: 'drivers.moved', id });
    const carried = { messageId: 'm', forced: false, at: NOW, hops: 3, trace: 'trace', time: TIME };
    return {
      ...carried,
      kind: 'signal',
      key: `x:${identity}`,
      id,
      identity,
      event: 'drivers.moved',
      source: 'drivers',
      data: { id },
      dataversion: 2,
    };
  }

  moves(id: string): Promise<Verdict> {
    return this.#takes(this.signal(id));
  }

  /** A copy of the event comes back. */
  returned(id: string, name: string, to: number, round?: number): KeyInbound {
    const { identity } = this.signal(id);
    return this.message('return', name, {
      identity: identityOf(sha256, { pid: KEY, event: '#return', id: `${id} ${name} ${round ?? 0}` }),
      returned: {
        id,
        event: 'drivers.moved',
        source: 'drivers',
        time: TIME,
        data: { id },
        to,
        ...(round !== undefined && { round }),
        identity,
        body: `${id} ${name}`,
        earlyMs: 1000,
      },
    });
  }

  returns(id: string, name: string, to: number, round?: number): Promise<Verdict> {
    return this.#takes(this.returned(id, name, to, round));
  }

  /** The names of the subscribers that the last message sends a copy to. */
  get copies(): string[] {
    return this.image.pendingSends
      .flatMap(({ forwarded }) => forwarded?.to ?? [])
      .map((id) => id.slice('default#ride#'.length, -'/run/1'.length));
  }
}

describe('a key', () => {
  test('forwards an event to each subscriber under its own id', async () => {
    const key = new Key();
    await key.subscribes('a');
    await key.subscribes('b');
    await key.moves('e-1');
    expect(key.copies).toEqual(['a', 'b']);
    expect(key.image.pendingSends).toMatchObject([
      { event: 'drivers.moved', data: { id: 'e-1' }, version: 2, hops: 3, trace: 'trace', forwarded: { id: 'e-1' } },
    ]);
    expect(await key.moves('e-1')).toBe('dup');
  });

  test("with deliver 'first', forwards an event to the one that subscribed first", async () => {
    const key = new Key();
    await key.subscribes('b', 'first');
    await key.subscribes('a', 'first');
    await key.moves('e-1');
    expect(key.copies).toEqual(['b']);
  });

  test('stores data of more than 1,024 characters apart', async () => {
    const key = new Key();
    await key.subscribes('a');
    await key.moves('e'.repeat(2_000));
    expect(key.image.pendingSends[0]?.dataref).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is at rest without a subscriber, and continues with the next one', async () => {
    const key = new Key();
    expect(await key.unsubscribes('a')).toBe('dup');
    await key.subscribes('a');
    await key.moves('e-1');
    expect(await key.subscribes('a')).toBe('dup');
    await key.unsubscribes('a');
    expect(key.image).toMatchObject({ status: 'early', early: [] });
    expect(await key.moves('e-2')).toBe('early');
    // The ring keeps the event, so the next subscriber does not get it again.
    expect(await key.moves('e-1')).toBe('dup');
    await key.subscribes('b');
    expect(key.image.status).toBe('running');
    expect(key.image.early).toBeUndefined();
  });

  test('refuses a subscriber beyond 100', async () => {
    const key = new Key();
    for (let i = 0; i < SUBSCRIBERS_MAX; i += 1) await key.subscribes(`s-${i}`);
    expect(await key.subscribes('one-more')).toBe('closed');
    await key.unsubscribes('s-5');
    expect(await key.subscribes('one-more')).toBe('apply');
  });

  test('continues after an operator has resumed it', async () => {
    const key = new Key();
    await key.subscribes('a');
    key.image.status = 'stuck';
    key.image.stuck = { code: 'DISPATCH', message: 'The queue refused a message.', was: 'running' };
    await key.resumes();
    await key.moves('e-1');
    expect(key.copies).toEqual(['a']);
  });

  test('parks each message while it is stuck', async () => {
    const key = new Key();
    await key.subscribes('a');
    key.image.status = 'stuck';
    expect(await key.unsubscribes('a')).toBe('park');
  });

  test('gives an event that comes back to the others, once', async () => {
    const key = new Key();
    await key.subscribes('a', 'first');
    await key.subscribes('b', 'first');
    await key.moves('e-1');
    await key.returns('e-1', 'a', 1);
    expect(key.copies).toEqual(['b']);
    expect(key.image.key?.subscribers).toEqual([of('b')]);
    expect(await key.returns('e-1', 'a', 1)).toBe('dup');
  });

  test('gives it once more if a late duplicate had added an ended subscription again', async () => {
    const key = new Key();
    for (const name of ['a', 'b']) await key.subscribes(name);
    await key.moves('e-1');
    await key.returns('e-1', 'a', 2);
    await key.subscribes('a');
    await key.returns('e-1', 'b', 2);
    expect(key.image.pendingSends).toMatchObject([{ forwarded: { round: 1 } }]);
    expect(key.copies).toEqual(['a']);
    await key.returns('e-1', 'a', 1, 1);
    expect(key.image).toMatchObject({ status: 'early', early: ['e-1 a'] });
    await key.subscribes('c');
    await key.returns('e-1', 'a', 1, 1);
    expect(key.copies).toEqual(['c']);
    expect(key.image.pendingSends).toMatchObject([{ forwarded: { round: 2 } }]);
  });

  test('leaves an event alone of which not every copy came back', async () => {
    const key = new Key();
    for (const name of ['a', 'b', 'c']) await key.subscribes(name);
    await key.moves('e-1');
    await key.returns('e-1', 'a', 3);
    await key.returns('e-1', 'b', 3);
    expect(key.copies).toEqual([]);
    expect(key.image.key?.returns).toEqual([[key.signal('e-1').identity, 2]]);
    await key.subscribes('d');
    await key.returns('e-1', 'c', 3);
    expect(key.copies).toEqual(['d']);
    expect(key.image.key?.returns).toBeUndefined();
  });

  test('keeps an event of which every copy came back, for its next subscriber', async () => {
    const key = new Key();
    await key.subscribes('a');
    await key.subscribes('b');
    await key.moves('e-1');
    await key.moves('e-2');
    await key.returns('e-1', 'a', 2);
    await key.returns('e-1', 'b', 2);
    expect(key.image).toMatchObject({ status: 'early', early: ['e-1 b'], due: NOW + 1000 });
    expect(key.stored).toMatchObject({ status: 'early', early: ['e-1 b'], key: { subscribers: [] }, signals: key.image.signals });
    await key.returns('e-2', 'a', 2);
    await key.returns('e-2', 'b', 2);
    expect(key.image).toMatchObject({ status: 'early', early: ['e-1 b', 'e-2 b'], due: NOW + 1000 });
    await key.subscribes('c');
    expect(key.image.due).toBeUndefined();
    // The engine delivers what was kept once more.
    await key.returns('e-1', 'b', 2);
    expect(key.copies).toEqual(['c']);
  });

  test('buffers what comes back to a key that was removed, or whose buffer is full', async () => {
    const key = new Key();
    expect(await key.returns('e-1', 'a', 1)).toBe('early');
    await key.subscribes('a');
    await key.unsubscribes('a');
    key.image.early = Array.from({ length: EARLY_EVENTS_MAX }, String);
    expect(await key.returns('e-1', 'a', 1)).toBe('early');
  });
});

test.each([
  ['', 'expected text'],
  [7, 'expected text'],
  ['\ud800', 'expected text without lone surrogates'],
  ['é'.repeat(513), 'expected at most 1024 bytes of UTF-8'],
  ['é'.repeat(512), undefined],
])('%j as a key: %s', (key, fault) => {
  expect(keyFault(key)).toBe(fault);
});

const Asked = event('shop.asked', z.object({ id: z.string() }));
const Moved = event('drivers.moved', z.object({ id: z.string(), driver: z.string().optional() }));
const Stop = event('shop.stop', z.object({ id: z.string() }));

const following = process(
  'ride',
  {
    startOn: Asked.byId(({ id }) => id),
    receives: [Moved.byKey(({ driver = '' }) => driver, { deliver: 'first' }), Stop.byId(({ id }) => id)],
  },
  async (ctx) => {
    const a = await ctx.waitFor(Moved, { key: 'd-1' });
    const b = await ctx.waitFor(Moved, { key: 'd-2', timeout: '1 day' });
    const c = await ctx.race({ moved: ctx.waitFor(Moved, { key: 'd-1' }), stopped: ctx.waitFor(Stop) });
    return [a.id, b?.id ?? '', c.value.id];
  },
);

class Follower extends Instance {
  constructor(code: AnyProcess = following) {
    super(code, { services: [] });
  }

  /** A key forwards an event to the subscription under this number. */
  async gets(id: string, n: number, key: string, run = this.image.run): Promise<Verdict> {
    const { id: _id, ...carried } = this.carried('x', id);
    const identity = identityOf(sha256, { pid: this.pid, event: Moved.type, id });
    const event: SignalInbound = {
      ...carried,
      key: `x:${identity}`,
      kind: 'signal',
      id,
      identity,
      event: (Moved as AnyEvent).type,
      source: 'drivers',
      time: TIME,
      data: { id },
      keyed: key,
      subscription: { run, n },
    };
    return this.deliver(event);
  }
}

async function follower(): Promise<Follower> {
  const ride = new Follower();
  await ride.starts(Asked);
  return ride;
}

describe('a run that waits for a key', () => {
  test('subscribes once for each key, and takes the events of that key only', async () => {
    const ride = await follower();
    expect(ride.open()).toEqual([`${SUBSCRIBE} (send)`]);
    await ride.answers({ n: 1 }, 'completed');
    expect(ride.open()).toEqual([]);
    await ride.gets('e-1', 1, 'd-1');
    expect(ride.entries('CommandIssued').map(({ path }) => path)).toEqual(['drivers.moved:1/subscribe', 'drivers.moved:2/subscribe']);
    await ride.gets('e-2', 1, 'd-1');
    expect(await ride.gets('e-2', 1, 'd-1')).toBe('dup');
    expect(ride.entries('EventTaken').map(({ id }) => id)).toEqual(['e-1']);
    const { n } = ride.command(SUBSCRIBE);
    await ride.gets('e-3', n, 'd-2');
    // The third wait takes the event that came while it was not waited for, and subscribes to nothing more.
    expect(ride.status).toBe('completed');
    expect(ride.entries('ProcessCompleted')).toMatchObject([{ data: ['e-1', 'e-3', 'e-2'] }]);
    expect(ride.image.pendingSends).toMatchObject([
      {
        kind: 'unsubscribe',
        left: [
          { n: 1, key: 'd-1' },
          { n, key: 'd-2' },
        ],
      },
    ]);
    expect(ride.image.subscriptions).toBeUndefined();
  });

  test('gives back what comes without a subscription, or after its end', async () => {
    const ride = await follower();
    expect(holdsSubscription(ride.image, ride.image.run, 1)).toBe(true);
    expect(await ride.gets('e-1', 7, 'd-1')).toBe('closed');
    expect(await ride.gets('e-1', 1, 'd-1', 'another-run')).toBe('closed');
    await ride.operates('terminate');
    expect(ride.image.pendingSends).toMatchObject([{ kind: 'unsubscribe' }]);
    expect(await ride.gets('e-1', 1, 'd-1')).toBe('closed');
    const { pid } = ride;
    const forwarded = { kind: 'signal', subscription: { run: 'r', n: 1 } } as SignalInbound;
    expect(classify(undefined, forwarded, following['~'] as never)).toBe('closed');
    expect(holdsSubscription(newImage(pid, 'r', 'ride@1', NOW), 'r', 1)).toBe(false);
  });

  test('is stuck if the key has too many subscribers, and subscribes again after a resume', async () => {
    const ride = await follower();
    await ride.answers({ n: 1 }, 'completed');
    await ride.gets('e-0', 1, 'd-1');
    const { n: refused } = ride.command(SUBSCRIBE);
    await ride.answers({ n: refused }, 'failed', { type: 'KEY_TOO_WIDE', message: 'Too many wait.', data: null });
    expect(ride.image.stuck).toMatchObject({ code: 'KEY_TOO_WIDE', message: 'Too many wait.' });
    expect(await ride.answers({ n: refused }, 'failed', { type: 'KEY_TOO_WIDE', message: 'Too many wait.', data: null })).toBe('dup');
    await ride.operates('resume');
    const { n } = ride.command(SUBSCRIBE);
    expect(n).toBeGreaterThan(refused);
    expect(holdsSubscription(ride.image, ride.image.run, n)).toBe(true);
    await ride.answers({ n }, 'completed');
    expect(holdsSubscription(ride.image, ride.image.run, 1)).toBe(true);
    await ride.gets('e-1', n, 'd-2');
    expect(ride.entries('EventTaken')).toHaveLength(2);
  });

  test('keeps its subscriptions and its unread events when it continues as new', async () => {
    const endless = process(
      'ride',
      { startOn: Asked.byId(({ id }) => id), receives: [Moved.byKey(({ driver = '' }) => driver), Stop.byId(({ id }) => id)] },
      async (ctx): Promise<string> => {
        const next = await ctx.race({ moved: ctx.waitFor(Moved, { key: 'd-1' }), stopped: ctx.waitFor(Stop) });
        return next.winner === 'moved' ? ctx.continueAsNew({ id: 'a' }) : 'over';
      },
    );
    const ride = new Follower(endless);
    await ride.starts(Asked);
    const first = ride.image.run;
    await ride.gets('e-1', 1, 'd-1');
    expect(ride.image.run).not.toBe(first);
    expect(ride.open()).toEqual([`${SUBSCRIBE} (send)`]);
    expect(ride.entries('ProcessStarted')).toMatchObject([{ continues: { keys: ['drivers.moved d-1'] } }]);
    await ride.replies({
      run: first,
      n: 1,
      outcome: 'failed',
      data: { type: 'KEY_TOO_WIDE', message: 'Too many.', data: null },
      retryable: false,
    });
    await ride.operates('resume');
    const { n } = ride.command(SUBSCRIBE);
    const second = ride.image.run;
    await ride.gets('e-2', n, 'd-1');
    expect(ride.image.run).not.toBe(second);
    await ride.answers({ n, run: second }, 'completed');
    await ride.happens(Stop);
    expect(ride.status).toBe('completed');
    expect(ride.image.pendingSends).toMatchObject([{ kind: 'unsubscribe', left: [{ run: second, n }] }]);
  });

  test('moves an unread event with its key', async () => {
    const twice = process(
      'ride',
      { startOn: Asked.byId(({ id }) => id), receives: [Moved.byKey(({ driver = '' }) => driver), Stop.byId(({ id }) => id)] },
      async (ctx, { id }): Promise<string> => {
        const later = ctx.start.source === 'trips';
        const wait = ctx.waitFor(Moved, { key: 'd-1', match: () => later });
        const next = await ctx.race({ moved: wait, stopped: ctx.waitFor(Stop) });
        return next.winner === 'moved' ? next.value.id : ctx.continueAsNew({ id });
      },
    );
    const ride = new Follower(twice);
    await ride.starts(Asked);
    await ride.gets('e-1', 1, 'd-1');
    await ride.happens(Stop);
    expect(ride.entries('EventReceived')).toMatchObject([{ moved: true, id: 'e-1', key: 'd-1' }]);
    expect(ride.entries('ProcessCompleted')).toMatchObject([{ data: 'e-1' }]);
  });

  test('replays to a difference if its code waits for another key', async () => {
    const ride = await follower();
    const other = process(
      'ride',
      { startOn: Asked.byId(({ id }) => id), receives: [Moved.byKey(({ driver = '' }) => driver)] },
      async (ctx) => (await ctx.waitFor(Moved, { key: 'd-9' })).id,
    );
    expect((await ride.rebuilt(other)).run.bug?.message).toMatch(/CommandIssued drivers\.moved:1\/subscribe has owner/);
  });

  test.each<[string, (ctx: Parameters<Parameters<typeof process>[2]>[0]) => Promise<unknown>, string]>([
    [
      'an event by key without a key',
      (ctx) => ctx.waitFor(Moved as never),
      'ride waits for drivers.moved, which it receives by key: pass { key } to ctx.waitFor.',
    ],
    [
      'a key that is too long',
      (ctx) => ctx.waitFor(Moved as never, { key: 'x'.repeat(1025) } as never),
      'ride waits for drivers.moved with a key that is not valid: expected at most 1024 bytes of UTF-8.',
    ],
    [
      'an event by id with a key',
      (ctx) => ctx.waitFor(Stop as never, { key: 'x' } as never),
      'ride waits for shop.stop with a key, but receives it by id: leave out the key, or receive it with byKey.',
    ],
    [
      'each event by key',
      async (ctx) => {
        for await (const _ of ctx.each([Moved as never])) return;
      },
      'ride loops over drivers.moved, which it receives by key: use ctx.waitFor with its key.',
    ],
  ])('is refused %s', async (_what, body, message) => {
    const misuse = process(
      'ride',
      { startOn: Asked.byId(({ id }) => id), receives: [Moved.byKey(({ driver = '' }) => driver), Stop.byId(({ id }) => id)] },
      body as never,
    );
    const ride = new Instance(misuse, { services: [] });
    await ride.starts(Asked);
    expect(ride.bug?.message).toBe(message);
  });
});
