import type { SystemContract } from '../contract/runtime-contract.ts';
import { encodeHeadItem } from '../adapters/dynamodb/head-item.ts';
import { itemBytes, writeUnits } from '../adapters/dynamodb/item-units.ts';
import { packLines } from '../adapters/dynamodb/packed-lines.ts';
import { isClosed } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Head } from '../ports/process-store.ts';
import { splitDefinition } from '../client/instance.ts';
import { matchingHeads } from '../client/list.ts';
import { readHeadJournal } from '../client/operations/journal-view.ts';
import { requireBegun } from '../client/waiting-start.ts';
import { BUILT_IN } from './instance-rows.ts';
import { US_EAST_1, type PriceList } from './prices.ts';
import type { Call } from './route.ts';
import type { CostRow, CostView } from './views.ts';

/** Instances from whose journals the cost of a process is counted, the newest. */
const SAMPLE = 100;
/** The assumptions of docs/cost.md: a message takes the engine 30 ms at 512 MB. */
const [MESSAGE_SECONDS, ENGINE_GIGABYTES] = [0.03, 0.5];

/** The dollars of one instance on average, by process and version. */
export async function costView({ reach, query, options }: Call): Promise<CostView> {
  const process = query.text('process');
  const heads: Head[] = [];
  for await (const head of matchingHeads(reach, process === undefined ? {} : { process: { name: process } })) {
    if (heads.length === SAMPLE) break;
    if (process !== undefined || !head.definition.startsWith(BUILT_IN)) heads.push(head);
  }
  const byDefinition = new Map<string, RunCalls[]>();
  for (const head of heads) {
    const calls = callsOf(head, await readHeadJournal(reach.ports, head, { payloads: false }), reach.system);
    byDefinition.set(head.definition, [...(byDefinition.get(head.definition) ?? []), calls]);
  }
  const prices = options.prices ?? US_EAST_1;
  const rows = [...byDefinition].map(([definition, runs]) => costRow(definition, runs, prices));
  return viewOf(
    rows.toSorted((one, other) => one.process.localeCompare(other.process) || other.version - one.version),
    prices,
    options.region,
  );
}

/** The dollars of one instance so far: of its current run. */
export async function instanceCost({ reach, path, options }: Call): Promise<CostView> {
  const head = await requireBegun(reach, { process: path['process'] as string, id: path['id'] as string });
  const calls = callsOf(head, await readHeadJournal(reach.ports, head, { payloads: false }), reach.system);
  const prices = options.prices ?? US_EAST_1;
  return viewOf([costRow(head.definition, [calls], prices)], prices, options.region);
}

function viewOf(rows: readonly CostRow[], prices: PriceList, region: string | undefined): CostView {
  const other =
    region === undefined || region === prices.region
      ? []
      : [
          `The prices are those of ${prices.region}: those of ${region} differ by some percent. tutti prices ${region} prints them, and tutti console --prices takes the list.`,
        ];
  return { region: prices.region, pricesOf: prices.of, rows, assumptions: [...other, ...ASSUMPTIONS] };
}

const ASSUMPTIONS: readonly string[] = [
  'The calls are counted from the journals of the newest instances: an open instance has not made all of its calls.',
  'Each message is handled by itself, by a warm function. Ten messages in a batch cost about 40 % less.',
  `The engine takes ${MESSAGE_SECONDS * 1_000} ms at ${ENGINE_GIGABYTES * 1_024} MB for a message.`,
  'Each write of the table is as large as the newest one.',
  'A worker reads the list of pauses once for each instance.',
  'The queues of the services are counted; their functions, tables and stored data are not.',
  'Prices are list prices on demand, without the free tier.',
];

/** The calls of one run, in the units of the price list. */
interface RunCalls {
  /** Messages to the engine. */
  received: number;
  /** Messages that the engine sends to queues, ticks included. */
  sent: number;
  /** Messages that services receive. */
  commands: number;
  ticks: number;
  events: number;
  writeUnits: number;
  indexWrites: number;
  readUnits: number;
}

function callsOf(head: Head, entries: readonly JournalEntry[], system: SystemContract): RunCalls {
  // The head of the start, and the holds, which a worker reads every ten seconds.
  const calls: RunCalls = { received: 0, sent: 0, commands: 0, ticks: 0, events: 0, writeUnits: 0, indexWrites: 0, readUnits: 2 };
  const owned = new Set<number>();
  let facts = 0;
  for (const entry of entries) {
    if ('at' in entry) facts += 1;
    add(calls, entry, { owned, system });
  }
  // A message that wakes the instance for a time-out is sent with the first command or timer.
  const waits = entries.some(({ type }) => type === 'CommandIssued' || type === 'TimerSet');
  if (waits && calls.ticks === 0) calls.ticks = 1;
  calls.sent += calls.ticks;
  calls.writeUnits = facts * writeUnits(itemBytes(encodeHeadItem(head))) + chunkUnits(entries.slice(0, head.tailFrom));
  // The list has an entry for the status, which is replaced at the end.
  calls.indexWrites = isClosed(head.status) ? 3 : 1;
  return calls;
}

function add(
  calls: RunCalls,
  entry: JournalEntry,
  { owned, system }: { readonly owned: Set<number>; readonly system: SystemContract },
): void {
  switch (entry.type) {
    case 'ProcessStarted':
    case 'EventReceived':
      if (entry.type === 'ProcessStarted' ? entry.continues : entry.moved) return;
      calls.received += 1;
      if (system.events.has(entry.event)) calls.events += 1;
      return;
    case 'CommandIssued':
      calls.sent += 1;
      if (entry.owner === undefined) calls.commands += 1;
      else owned.add(entry.n);
      return;
    case 'CommandAnswered':
      calls.received += 1;
      if (!owned.has(entry.n) && entry.resolved === undefined) calls.events += 1;
      return;
    case 'AttemptTimedOut':
      calls.ticks += 1;
      calls.sent += 1;
      calls.commands += 1;
      return;
    case 'TimerFired':
      calls.ticks += 1;
      return;
    case 'EventPublished':
      calls.events += 1;
      return;
    default:
      // A request of an operator.
      if ('at' in entry) calls.received += 1;
  }
}

/** Entries that have left the head were written once more, as chunks. */
function chunkUnits(entries: readonly JournalEntry[]): number {
  return entries.length === 0 ? 0 : writeUnits(packLines(entries.map((entry) => JSON.stringify(entry))).byteLength);
}

function costRow(definition: string, runs: readonly RunCalls[], prices: PriceList): CostRow {
  const each = (count: (calls: RunCalls) => number): number => runs.reduce((sum, calls) => sum + count(calls), 0) / runs.length;
  const handled = each(({ received, ticks }) => received + ticks);
  const parts = [
    part(
      'EventBridge, events',
      each(({ events }) => events),
      prices.customEvent,
    ),
    part(
      'SQS, requests',
      each(({ received, sent, ticks, commands }) => received + sent + 2 * (received + ticks + commands)),
      prices.queueRequest,
    ),
    part('Lambda, requests', handled, prices.functionRequest),
    part('Lambda, GB-seconds', handled * MESSAGE_SECONDS * ENGINE_GIGABYTES, prices.gigabyteSecond),
    part(
      'DynamoDB, write units',
      each((calls) => calls.writeUnits),
      prices.writeUnit,
    ),
    part(
      'DynamoDB, index write units',
      each((calls) => calls.indexWrites),
      prices.writeUnit,
    ),
    part(
      'DynamoDB, read units',
      each((calls) => calls.readUnits),
      prices.readUnit,
    ),
  ];
  return { ...splitDefinition(definition), instances: runs.length, usd: parts.reduce((sum, { usd }) => sum + usd, 0), parts };
}

function part(name: string, calls: number, usdPerMillion: number): CostRow['parts'][number] {
  return { name, calls, usd: (calls * usdPerMillion) / 1_000_000 };
}
