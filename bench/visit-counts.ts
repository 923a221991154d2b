import { CartChanged, PageViewed, Purchased } from '../examples/personalisation/contracts.ts';
import { personalisation } from '../examples/personalisation/system.ts';
import { encodeChunk } from '../lib/adapters/dynamodb/chunk-item.ts';
import { encodeHeadItem } from '../lib/adapters/dynamodb/head-item.ts';
import { buildPid, DEFAULT_TENANT } from '../lib/contract/wire/process-id.ts';
import { CountedWorld, STARTED_AT, type Answer } from './counted-world.ts';
import { itemBytes } from '../lib/adapters/dynamodb/item-units.ts';
import type { Act, Visit } from './shoppers.ts';

/** Calls and units of visits on the real engine, counted at its ports. */
export interface VisitCounts {
  readonly acts: number;
  readonly refreshes: number;
  readonly reminders: number;
  readonly ticks: number;
  readonly commits: number;
  readonly indexWrites: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Of the items that remain, after the visits have ended. */
  readonly bytes: number;
}

const DAY_MS = 86_400_000;
const ITEMS = ['tent', 'kayak', 'rope', 'helmet', 'paddle', 'camping stove'] as const;
const COMPUTED: Answer = { output: { items: ['sleeping bag', 'dry bag', 'head lamp'] } };

/** Runs the visits of a day at their times, until each has ended. `isCold`: no instance stays in memory from one batch to the next. */
export const countVisits = async (visits: readonly Visit[], isCold: boolean): Promise<VisitCounts> => {
  const world = new CountedWorld(personalisation, ({ type }) => (type === 'recommendations.compute' ? COMPUTED : { output: null }), isCold);
  const replies = { refreshes: 0, reminders: 0 };
  world.state.publisher.subscribe(({ source }) => {
    if (source === 'recommendations') replies.refreshes += 1;
    if (source === 'notifications') replies.reminders += 1;
  });
  const acts = visits
    .flatMap((visit, number) => visit.map((act) => ({ act, number })))
    .toSorted((one, other) => one.act.atMs - other.act.atMs);
  for (const { act, number } of acts) {
    await world.passTo(STARTED_AT + act.atMs);
    await publish(world, act, number);
  }
  await world.passTo(STARTED_AT + 3 * DAY_MS);
  const { counts, ticks } = world;
  return {
    acts: acts.length,
    ...replies,
    ticks,
    commits: counts.commits,
    indexWrites: counts.indexWrites,
    writeUnits: counts.writeUnits,
    readUnits: counts.readUnits,
    bytes: await bytesOf(world, visits.length),
  };
};

/** An id of the length of a ULID. */
const visitIdOf = (number: number): string => `01KAK3ZQ0V8R5T2M6W${String(number).padStart(8, '0')}`;

const publish = (world: CountedWorld, { kind, atMs }: Act, number: number): Promise<void> => {
  const visit = { visitId: visitIdOf(number), userId: `user-${number}` };
  const item = `${ITEMS[atMs % ITEMS.length]} ${atMs % 100}`;
  if (kind === 'view') return world.publish(PageViewed, { ...visit, item });
  return world.publish(kind === 'cart' ? CartChanged : Purchased, { ...visit, items: [item] });
};

const bytesOf = async ({ state }: CountedWorld, visits: number): Promise<number> => {
  let bytes = 0;
  for (let number = 0; number < visits; number += 1) {
    const pid = buildPid(DEFAULT_TENANT, 'personalise', visitIdOf(number)) as string;
    const [head] = await state.processStore.load([pid], { consistent: true });
    if (!head) throw new Error(`The visit ${pid} has no head.`);
    bytes += itemBytes(encodeHeadItem(head));
    for (const chunk of await state.processStore.chunks(pid, head.run)) bytes += itemBytes(encodeChunk(chunk));
  }
  return bytes;
};
