import { BODY_BYTES_MAX, parseEnvelope, toWire } from '../../lib/contract/wire/wire.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { text } from './hostile-json.ts';
import type { Letter } from './inbox-world.ts';
import { mutatedCommand, type Mutated } from './mutations.ts';
import { BATCH } from './plan.ts';
import type { Fields } from './right-messages.ts';
import { ServiceWorld } from './service-world.ts';

interface Fed {
  readonly letter: Letter;
  readonly reference: Letter | undefined;
  readonly mutation: Mutated | undefined;
}

const HOWS = [undefined, undefined, 'declines', 'throws', 'throws no error', 'defers', 'breaks its contract'] as const;
const BATCHES_MAX = 4;

/** Two services get the same right commands, and one of them gets broken ones too: see `feedInbox`. */
export const feedService = async (choices: Choices, deployed: boolean): Promise<number> => {
  const world = new ServiceWorld({ deployed });
  const reference = new ServiceWorld({ deployed });
  const said: Fields[] = [];
  let fed = 0;
  for (let batches = choices.between(1, BATCHES_MAX); batches > 0; batches -= 1) {
    const batch = Array.from({ length: BATCH }, () => draw(choices, said, [world, reference], `m${(fed += 1)}`));
    await feedOne(world, reference, batch);
    const pause = choices.one([0, 1_000, 61_000, 16 * 60_000]);
    for (const each of [world, reference]) {
      await settled();
      each.clock.advance(pause);
    }
  }
  return fed;
};

/** The watchdog of a function ends after its response. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const draw = (choices: Choices, said: Fields[], worlds: readonly ServiceWorld[], id: string): Fed => {
  const value = rightCommand(choices, said, worlds);
  const sentAt = (worlds[0]?.clock.now() ?? 0) - choices.one([0, 0, 1_000, 20 * 60_000]);
  const right: Letter = { id, body: toWire(value as never), sentAt, receiveCount: choices.chance(0.8) ? 1 : choices.between(2, 25) };
  if (!choices.chance(0.6)) return { letter: right, reference: right, mutation: undefined };
  const mutation = mutatedCommand(choices, value);
  // A body that is too long for the dead-letter queue would end differently.
  if (mutation.effect === 'harmless' && mutation.body.length > BODY_BYTES_MAX)
    return { letter: right, reference: right, mutation: undefined };
  return { letter: { ...right, body: mutation.body }, reference: mutation.effect === 'harmless' ? right : undefined, mutation };
};

/** Text for a handler, escaped once more; sometimes longer than any message may be. */
const escapedText = (choices: Choices): string => {
  const one = JSON.stringify(text(choices)).slice(1, -1);
  return choices.chance(0.01) ? one.repeat(Math.floor(choices.one([10_000, 100_000]) / (one.length || 1))) : one;
};

const rightCommand = (choices: Choices, said: Fields[], worlds: readonly ServiceWorld[]): Fields => {
  if (said.length > 0 && choices.chance(0.15)) return choices.one(said);
  const how = choices.chance(0.01) ? 'answers at length' : choices.one(HOWS);
  const data: Json = {
    orderId: 'o-1',
    ...(how !== undefined && { how, text: escapedText(choices) }),
  };
  const command = {
    specversion: '1.0',
    id: `default#fulfil#o-${said.length}/r5f2c/3`,
    source: 'shop',
    type: choices.chance(0.8) ? 'payments.charge' : 'payments.once',
    time: '2026-11-21T10:00:00.000Z',
    datacontenttype: 'application/json',
    datahash: `sha256:${sha256(canonical(data))}`,
    attempt: choices.between(1, 3),
    deadline: choices.chance(0.85) ? '2026-11-24T10:00:00.000Z' : '2026-11-20T10:00:00.000Z',
    replyto: 'shop',
    hops: choices.below(101),
    data,
  };
  said.push(command);
  if (!choices.chance(0.1)) return command;
  const json = canonical(data);
  for (const { payloads } of worlds) void payloads.put('', sha256(json), json);
  const { data: _, ...rest } = command;
  return { ...rest, dataref: `payload:${sha256(json)}` };
};

const feedOne = async (world: ServiceWorld, reference: ServiceWorld, batch: readonly Fed[]): Promise<void> => {
  const told = batch
    .map(
      ({ letter, mutation }) =>
        `\n${letter.id} received ${letter.receiveCount} times, ${mutation ? `${mutation.effect}: ${mutation.what}` : 'right'}: ${letter.body.slice(0, 300)}`,
    )
    .join('');
  const fates = await world.deliver(batch.map(({ letter }) => letter));
  const expected = await reference.deliver(batch.flatMap(({ reference: letter }) => (letter ? [letter] : [])));
  const { deadLetters } = world;
  for (const { letter, reference: right, mutation } of batch) {
    const fate = fates.get(letter.id);
    if (fate === undefined) throw new Error(`${letter.id} has no fate: ${told}`);
    if (right && fate !== expected.get(letter.id))
      throw new Error(`${letter.id} ended with ${fate}, not with ${expected.get(letter.id)}: ${told}`);
    if (
      !right &&
      mutation?.effect === 'breaks' &&
      letter.body.length <= BODY_BYTES_MAX &&
      !(fate === 'acknowledged' && deadLetters.includes(letter.body))
    )
      throw new Error(`A broken command must go to the dead-letter queue unchanged, but ${letter.id} ended with ${fate}: ${told}`);
  }
  const known = new Set(batch.flatMap(({ letter, reference: right }) => (right ? [] : [letter.id])));
  const faults = world.notices.filter(({ kind, messageId }) => kind === 'fault' && known.has(messageId));
  if (faults.length > 0) throw new Error(`No port fails here, so no fault is expected: ${JSON.stringify(faults)} ${told}`);
  if (JSON.stringify(world.runs) !== JSON.stringify(reference.runs))
    throw new Error(`A broken command has run a handler, or prevented a run: ${told}`);
  const repliesOf = ({ replies }: ServiceWorld, broken: boolean): string[] =>
    replies.filter((reply) => !broken || !POWERLESS.test(reply)).sort();
  if (repliesOf(world, true).join('\n') !== repliesOf(reference, true).join('\n'))
    throw new Error(`Broken commands have changed the replies: ${told}`);
  for (const reply of world.replies) checkReply(reply);
  for (const each of [world, reference]) for (const list of [each.runs, each.replies, each.deadLetters, each.notices]) list.length = 0;
};

/** The ids of commands that must end with a refusal. */
const POWERLESS = /"commandid":"powerless/;

/** The sender of a command must be able to parse every reply. */
const checkReply = (reply: string): void => {
  const parsed = parseEnvelope(reply);
  if (parsed.kind !== 'reply') throw new Error(`A reply is ${JSON.stringify(parsed).slice(0, 300)}: ${reply.slice(0, 400)}`);
};
