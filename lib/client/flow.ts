import { ClientError } from '../contract/errors.ts';
import type { Flow } from '../flow/flow.ts';
import { openNodes, progressOf, waitsAfter } from '../flow/progress.ts';
import { walk } from '../flow/walk.ts';
import { knownCodes, storedFlow } from '../format/stored-flow.ts';
import { instantText } from '../contract/wire/wire.ts';
import { tenantOf } from '../contract/wire/process-id.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { codeOfRun, pidOf, requireHead, splitDefinition, type InstanceName } from './instance.ts';
import { readHeadJournal } from './operations/journal-view.ts';

/** The graph of one definition, as the source of a build has it. */
export interface DefinitionFlow {
  readonly flow: Flow;
  /** The hash of the code that decides, 16 hex digits. Runs whose `ProcessStarted` has it were begun by this code. */
  readonly code: string;
  /** ISO instant at which a build with this code ran first. */
  readonly at: string;
  /** Every code of this version whose graph is stored, the newest first. The first one runs now. */
  readonly codes: readonly { readonly code: string; readonly at: string }[];
  /** Absent if it was not asked for. */
  readonly counts?: FlowCounts;
}

/** How many open instances wait at each node. */
export interface FlowCounts {
  /** The instances that were read: the newest ones of the version, at most `sample`. */
  readonly sampled: number;
  /** There are more open instances than `sampled`. */
  readonly more: boolean;
  /** By the id of a node. An instance that waits at several nodes counts at each. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Instances whose journal does not lie on the graph, as those of another code. */
  readonly unplaced: number;
}

export interface FlowOptions {
  /** @default that of the newest listed version whose graph is stored */
  readonly version?: number;
  /** The hash of the code. @default the newest one of the version */
  readonly code?: string;
  /** Counts open instances at each node, from a sample of at most this many. @default no counts */
  readonly sample?: number;
}

/** The largest sample: each instance of it is read, with the whole of its journal. */
const SAMPLE_MAX = 1_000;

/**
 * The stored graph of a process. Throws `NOT_FOUND` if none is stored: the system runs without `oxc-parser`, has not yet stored it, or never had
 * this version or code.
 */
export async function flowOf(reach: Reach, process: string, { version, code, sample }: FlowOptions = {}): Promise<DefinitionFlow> {
  const found = await newestFlow(reach, version === undefined ? await versionsOf(reach, process) : [`${process}@${version}`], code);
  if (!found) throw noFlow(process, version, code);
  if (sample === undefined) return found;
  return { ...found, counts: await countsOf(reach, found.flow, Math.min(sample, SAMPLE_MAX)) };
}

/** The graph of the run that an instance has now: of the code that began it, or of the newest code if its journal names none. */
export async function flowOfInstance(
  reach: Reach,
  instance: InstanceName,
  { sample }: Pick<FlowOptions, 'sample'> = {},
): Promise<DefinitionFlow> {
  const head = await requireHead(reach.ports, pidOf(reach, instance));
  const { version } = splitDefinition(head.definition);
  const code = codeOfRun(head.definition, await readHeadJournal(reach.ports, head, { payloads: false }));
  return flowOf(reach, instance.process, { version, ...(code !== undefined && { code }), ...(sample !== undefined && { sample }) });
}

async function newestFlow({ ports }: Reach, definitions: readonly string[], code: string | undefined): Promise<DefinitionFlow | undefined> {
  for (const definition of definitions) {
    const codes = (await knownCodes(ports.store, definition)).toReversed();
    const known = codes.find((each) => code === undefined || each.code === code);
    const flow = known && (await storedFlow(ports.store, definition, known.code));
    if (known && flow !== undefined) {
      const first = codes.findLast((each) => each.code === known.code) ?? known;
      const listed = codes.map((each) => ({ code: each.code, at: instantText(each.at) }));
      return { flow: flow as unknown as Flow, code: known.code, at: instantText(first.at), codes: listed };
    }
  }
  return undefined;
}

/** The listed versions, the highest first. The system of a stopped folder lists no process: the newest instance then tells the version. */
async function versionsOf(reach: Reach, process: string): Promise<readonly string[]> {
  const { system, ports } = reach;
  const listed = system.processes.get(process);
  if (listed) return listed.map(({ name, version }) => `${name}@${version}`);
  for await (const head of ports.index.list({ tenant: tenantOf(reach), process })) return [head.definition];
  return [];
}

function noFlow(process: string, version: number | undefined, code: string | undefined): ClientError {
  const what = `${process}${version === undefined ? '' : ` version ${version}`}${code === undefined ? '' : ` with the code ${code}`}`;
  return new ClientError('NOT_FOUND', `No flow of ${what} is stored: expected one of a system that runs, or has run.`, {
    remedy: 'Install oxc-parser where the system is built or started, and start or deploy it: it then stores its flows within a minute.',
  });
}

async function countsOf(reach: Reach, flow: Flow, most: number): Promise<FlowCounts> {
  const definition = `${flow.process}@${flow.version}`;
  const nodes: Record<string, number> = {};
  let [sampled, unplaced, more] = [0, 0, false];
  const filter = { tenant: tenantOf(reach), process: flow.process, statuses: ['running', 'stuck'] as const };
  for await (const head of reach.ports.index.list(filter)) {
    if (head.definition !== definition) continue;
    if (sampled === most) {
      more = true;
      break;
    }
    sampled += 1;
    const places = await placesOf(reach, flow, head);
    if (places.length === 0) unplaced += 1;
    for (const id of places) nodes[id] = (nodes[id] ?? 0) + 1;
  }
  return { sampled, more, nodes, unplaced };
}

async function placesOf({ ports }: Reach, flow: Flow, head: Head): Promise<readonly string[]> {
  const entries = await readHeadJournal(ports, head, { payloads: false });
  const walked = walk(flow, entries);
  const open = openNodes(progressOf(flow, entries, walked));
  if (open.length > 0) return open;
  // The branches of a choice may lead to different waits: it is at one of them.
  const waits = waitsAfter(flow, walked.tokens);
  return waits.length > 0 ? waits : walked.tokens;
}
