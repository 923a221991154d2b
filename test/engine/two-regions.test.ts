import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { openState, type State } from '../../lib/local/state.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { InboxRig, START } from '../bad-input/inbox-rig.ts';
import { shop } from '../bad-input/orders-system.ts';

// Two deployments, each with its own bus, queues and workers, on the tables of one: the shape of test/models/regions.pml. A loss of a region
// is that its workers do not run again and that its queues are not read.

const PID = 'default#fulfil#o-1';
const ORDER = { orderId: 'o-1' };
const UNREACHABLE: MessageSender = {
  send: (_, messages) => Promise.resolve(messages.map(() => ({ status: 'failed', senderFault: false, reason: 'lost' }))),
};

/** A sleep takes no time, because no other actor lets time pass while a region works. */
class Awake extends VirtualClock {
  override sleep(): Promise<void> {
    return Promise.resolve();
  }
}

interface Regions {
  readonly one: InboxRig;
  readonly two: InboxRig;
  /** Publishes in one region, and forwards to the other. */
  readonly publish: (type: string, data: object, id: string) => void;
}

const regions = (ofOne: Partial<State> = {}): Regions => {
  const clock = new Awake(START);
  const made = (): State => openState({ system: systemContract(shop), clock });
  const first = made();
  const { processStore, instanceIndex, retirementStore, parkingStore, payloadStore, idempotencyStore } = first;
  const shared = { processStore, instanceIndex, retirementStore, parkingStore, payloadStore, idempotencyStore };
  const one = new InboxRig({ state: { ...first, ...ofOne }, clock, random: () => 0.25 });
  // Workers of one random number would take each other's commits for their own.
  const two = new InboxRig({ state: { ...made(), ...shared }, clock, random: () => 0.75 });
  const publish: Regions['publish'] = (type, data, id) => {
    for (const region of [one, two]) region.event(type, data, { id });
  };
  return { one, two, publish };
};

/** The second region ends the order alone. */
const finish = async ({ two, publish }: Regions): Promise<void> => {
  publish('shop.confirmed', { ...ORDER, by: 'x' }, 'e-2');
  await two.work();
  expect(await two.head(PID)).toMatchObject({ status: 'completed' });
};

describe('two regions on one strongly consistent table', () => {
  test('both receive the start and work at once: one run begins, and each region sends its command under one id', async () => {
    const { one, two, publish } = regions();
    publish('shop.placed', ORDER, 'e-1');
    await Promise.all([one.work(), two.work()]);
    const [first] = await one.commands();
    const [second] = await two.commands();
    expect(first?.id).toBe(second?.id);
    expect(await two.story(PID)).toEqual(['ProcessStarted', 'CommandIssued']);
  });

  test('a region is lost after its commit, before it has sent: the other one sends the command of the copy of the event', async () => {
    const all = regions({ sender: UNREACHABLE as State['sender'] });
    const { one, two, publish } = all;
    publish('shop.placed', ORDER, 'e-1');
    await one.engine.advance(await one.receive());
    expect(await two.story(PID)).toEqual(['ProcessStarted', 'CommandIssued']);
    await two.work();
    const [charge, ...others] = await two.commands();
    expect(others).toEqual([]);
    two.reply(charge!);
    await finish(all);
  });

  test('a region is lost with a command in its queue: the sweep of the other one sends it again, under its id', async () => {
    const all = regions();
    const { one, two, publish } = all;
    publish('shop.placed', ORDER, 'e-1');
    await one.work();
    await two.work();
    const [charge] = await one.commands();
    await two.commands();
    await two.pass(61_000);
    const [again] = await two.commands();
    expect(again).toMatchObject({ id: charge?.id, attempt: 2 });
    two.reply(again!);
    await finish(all);
  });

  test('a region that comes back with its messages and its warm instance changes nothing of what the other one has done', async () => {
    const all = regions();
    const { one, two, publish } = all;
    publish('shop.placed', ORDER, 'e-1');
    await one.work();
    const [charge] = await one.commands();
    one.reply(charge!);
    await two.work();
    const [copy] = await two.commands();
    two.reply(copy!);
    await finish(all);
    const [head, story] = [await two.head(PID), await two.story(PID)];
    await one.work();
    expect(await one.head(PID)).toEqual(head);
    expect(await one.story(PID)).toEqual(story);
    expect(story.filter((type) => type === 'CommandAnswered' || type === 'ProcessCompleted')).toEqual([
      'CommandAnswered',
      'ProcessCompleted',
    ]);
    expect([one.inbox.size, await one.parked(PID), await one.parked(), await one.commands()]).toEqual([0, [], [], []]);
  });

  test('a warm instance that the other region has advanced decides on the latest head', async () => {
    const { one, two, publish } = regions();
    publish('shop.placed', ORDER, 'e-1');
    await one.work();
    const [charge] = await one.commands();
    await two.work();
    two.reply(charge!);
    await two.work();
    one.event('shop.confirmed', { ...ORDER, by: 'x' }, { id: 'e-2' });
    await one.work();
    expect(await one.head(PID)).toMatchObject({ status: 'completed' });
    expect((await one.story(PID)).filter((type) => type === 'CommandAnswered')).toHaveLength(1);
  });
});
