import { expect } from 'vitest';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import type { Channel } from '../../lib/ports/message-queue.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { InboxWorld, type Fates, type Letter } from './inbox-world.ts';
import { mutated, scrambled, type Mutated } from './mutations.ts';
import { BATCH } from './plan.ts';
import { Known, rightMessage, type RightMessage } from './right-messages.ts';

/** Batches that a pair of worlds lives through. */
const BATCHES_MAX = 6;

interface Fed {
  readonly letter: Letter;
  /** As the reference world gets it; undefined: it gets nothing. */
  readonly reference: Letter | undefined;
  readonly mutation: Mutated | undefined;
}

/**
 * Two worlds live through the same, but only one of them is sent what is broken as well. Whatever is not broken must be decided
 * alike in both, so the broken changes no instance, runs nothing, is published nowhere, and keeps no neighbour from what is due to it.
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

/** Where clients send what; all else is of the inbox. */
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

/** The id of the message in the id of what is parked. */
const idOf = (parkedId: string): string => (parkedId.split('#')[1] ?? '').slice(0, 7);

/** Whatever is parked beside an instance goes back to the inbox when that is resumed, also what will be parked again. */
const isRedriven = (sent: string): boolean => sent.startsWith('inbox {"tutti":"forced"');

const sorted = (texts: readonly string[]): string[] => [...texts].sort();

const same = (what: string, left: readonly unknown[], right: readonly unknown[], told: string): void => {
  const [one, other] = [JSON.stringify(left), JSON.stringify(right)];
  if (one !== other) expect(left, `what is broken has changed the ${what}: ${told}`).toEqual(right);
};

const checkFate = ({ letter, reference, mutation }: Fed, fates: Fates, expected: Fates, parked: readonly string[], told: string): void => {
  const fate = fates.get(letter.id);
  if (reference) {
    if (fate !== expected.get(letter.id))
      expect(fate, `${letter.body.slice(0, 300)} ended otherwise than beside right neighbours alone: ${told}`).toBe(
        expected.get(letter.id),
      );
    return;
  }
  if (mutation?.effect === 'powerless') {
    // An answer that is an event as well has two sides, and each may be refused.
    if (parked.length > 2) throw new Error(`It is parked ${parked.length} times: ${letter.body.slice(0, 600)} beside ${told}`);
    return;
  }
  const kept = unwrapped(letter.body);
  if (fate !== 'acknowledged' || parked.length !== 1 || (parked[0] !== letter.body && parked[0] !== kept))
    throw new Error(
      `What is broken is parked once, as it came, and acknowledged; ${letter.id} (${mutation?.what}) was ${fate}, parked ${parked.length} times: ${letter.body.slice(0, 600)} beside ${told}`,
    );
};

/** What a right wrapper wraps. */
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

/** What the batch has led to may be answered and delivered in the next one. */
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
