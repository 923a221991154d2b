import { expect } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import type { Channel } from '../../lib/ports/message-queue.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { InboxWorld, type Fates, type Letter } from './inbox-world.ts';
import { mutated, scrambled, type Mutated } from './mutations.ts';
import { BATCH } from './plan.ts';
import { Known, rightMessage, type RightMessage } from './right-messages.ts';

/** The largest number of batches for a pair of worlds. */
const BATCHES_MAX = 6;

interface Fed {
  readonly letter: Letter;
  /** The message for the reference world; undefined if it gets none. */
  readonly reference: Letter | undefined;
  readonly mutation: Mutated | undefined;
}

/**
 * Two worlds get the same right messages, and one of them gets broken messages too. Both must decide the right messages
 * the same, so a broken message changes no instance, sends nothing, and does not affect other messages of its batch.
 */
export const feedInbox = async (choices: Choices, deployed: boolean): Promise<number> => {
  const world = new InboxWorld({ deployed });
  const reference = new InboxWorld({ stamped: deployed });
  const known = new Known();
  let ids = 0;
  let fed = 0;
  const left: Letter[] = [];
  for (let batches = choices.between(1, BATCHES_MAX); batches > 0; batches -= 1) {
    const loose = choices.chance(0.25);
    const batch = Array.from({ length: BATCH }, () =>
      draw(choices, known, [world, reference], `m${String((ids += 1)).padStart(6, '0')}`, left, loose),
    );
    await feedOne(world, reference, batch);
    learn(reference, known, left);
    fed += batch.length;
    for (const each of [world, reference]) {
      forget(each);
      each.clock.advance(0);
    }
    const pause = choices.one([0, 1_000, 61_000, 16 * 60_000, 2 * 3_600_000]);
    world.clock.advance(pause);
    reference.clock.advance(pause);
  }
  return fed;
};

const draw = (choices: Choices, known: Known, worlds: readonly InboxWorld[], id: string, left: Letter[], loose: boolean): Fed => {
  const sentAt = (worlds[0]?.clock.now() ?? 0) - choices.one([0, 0, 0, 1_000, 20 * 60_000]);
  const receiveCount = choices.chance(0.9) ? 1 : choices.between(2, 25);
  const again = left.length > 0 && choices.chance(0.3) ? left.shift() : undefined;
  if (again) return { letter: { ...again, id }, reference: { ...again, id }, mutation: undefined };
  const message = rightMessage(choices, known, worlds);
  const right: Letter = { id, channel: CHANNEL_OF[message.kind] ?? 'inbox', body: JSON.stringify(message.value), sentAt, receiveCount };
  if (!choices.chance(0.6)) return { letter: right, reference: right, mutation: undefined };
  const mutation = loose && choices.chance(0.5) ? scrambled(choices, message) : mutated(choices, message);
  const letter = { ...right, body: mutation.body };
  if (mutation.effect === 'unclear') return { letter, reference: letter, mutation };
  return { letter, reference: mutation.effect === 'harmless' ? right : undefined, mutation };
};

/** The queues for the messages of clients. All other messages use the inbox. */
const CHANNEL_OF: Partial<Record<RightMessage['kind'], Channel>> = { start: 'starts', operate: 'operations' };

const feedOne = async (world: InboxWorld, reference: InboxWorld, batch: readonly Fed[]): Promise<void> => {
  const fates = await world.deliver(batch.map(({ letter }) => letter));
  const expected = await reference.deliver(batch.flatMap(({ reference: letter }) => (letter ? [letter] : [])));
  const told = describe(batch);
  const parked = new Map<string, string[]>();
  for (const { id, body } of world.parked) parked.set(idOf(id), [...(parked.get(idOf(id)) ?? []), body]);
  for (const each of batch) checkFate(each, fates, expected, parked.get(each.letter.id) ?? [], told);
  expect(world.faults.map(String), `no port fails here, so nothing is a fault: ${told}`).toEqual([]);
  const strip = new Set(batch.flatMap(({ letter, reference: right }) => (right ? [] : [letter.id])));
  same(
    'heads',
    [...world.written].sort().map((pid) => world.heads.get(pid)),
    [...reference.written].sort().map((pid) => reference.heads.get(pid)),
    told,
  );
  same(
    'messages and events',
    sorted([...world.everSent].filter((each) => !reference.everSent.has(each) && !isRedriven(each))),
    sorted([...reference.everSent].filter((each) => !world.everSent.has(each) && !isRedriven(each))),
    told,
  );
  const ofRight = (each: InboxWorld): string[] =>
    sorted(each.parked.filter(({ id }) => !strip.has(idOf(id))).map(({ pid, id, reason }) => `${pid} ${id} ${reason}`));
  same('parked events', ofRight(world), ofRight(reference), told);
};

/** The id of the message within the id of a parked message. */
const idOf = (parkedId: string): string => (parkedId.split('#')[1] ?? '').slice(0, 7);

/** A resume sends every message that is parked beside the instance back to the inbox, including those that will be parked again. */
const isRedriven = (sent: string): boolean => sent.startsWith('inbox {"tutti":"forced"');

const sorted = (texts: readonly string[]): string[] => [...texts].sort();

const same = (what: string, left: readonly unknown[], right: readonly unknown[], told: string): void => {
  const [one, other] = [JSON.stringify(left), JSON.stringify(right)];
  if (one !== other) expect(left, `broken messages have changed the ${what}: ${told}`).toEqual(right);
};

const checkFate = ({ letter, reference, mutation }: Fed, fates: Fates, expected: Fates, parked: readonly string[], told: string): void => {
  const fate = fates.get(letter.id);
  if (reference) {
    if (fate !== expected.get(letter.id))
      expect(fate, `${letter.body.slice(0, 300)} ended differently than in a batch of right messages only: ${told}`).toBe(
        expected.get(letter.id),
      );
    return;
  }
  if (mutation?.effect === 'powerless') {
    // A reply that is also an event has two parts, and each can be refused.
    if (parked.length > 2) throw new Error(`It is parked ${parked.length} times: ${letter.body.slice(0, 600)} beside ${told}`);
    return;
  }
  const kept = unwrapped(letter.body);
  if (fate !== 'acknowledged' || parked.length !== 1 || (parked[0] !== letter.body && parked[0] !== kept))
    throw new Error(
      `A broken message must be parked once, unchanged, and acknowledged; ${letter.id} (${mutation?.what}) was ${fate}, parked ${parked.length} times: ${letter.body.slice(0, 600)} beside ${told}`,
    );
};

/** The body inside a valid wrapper. */
const unwrapped = (body: string): string => {
  if (!body.startsWith('{"tutti":"forced"')) return body;
  try {
    const { body: inner, sentat } = JSON.parse(body) as { readonly body: unknown; readonly sentat: unknown };
    return typeof inner === 'string' && typeof sentat === 'number' && sentat >= 0 ? inner : body;
  } catch {
    return body;
  }
};

const describe = (batch: readonly Fed[]): string =>
  batch
    .map(
      ({ letter, mutation }) =>
        `\n${letter.id} received ${letter.receiveCount} times, ${mutation ? `${mutation.effect}: ${mutation.what}` : 'right'}: ${letter.body.slice(0, 240)}`,
    )
    .join('');

/** The commands and messages of the batch can get replies, and be delivered, in the next batch. */
const learn = (world: InboxWorld, known: Known, left: Letter[]): void => {
  for (const { queue, body } of world.sent) {
    if (queue === 'payments') known.commands.push(JSON.parse(body) as CommandEnvelope);
    else if (queue === 'inbox') left.push({ id: '', body, sentAt: world.clock.now(), receiveCount: 1 });
  }
};

const forget = (world: InboxWorld): void => {
  world.written.clear();
  for (const list of [world.sent, world.published, world.parked, world.faults]) list.length = 0;
};
