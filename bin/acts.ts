import type { Duration } from '../lib/contract/duration.ts';
import type { AnyProcess } from '../lib/contract/process-contract.ts';
import type { Json } from '../lib/contract/schema.ts';
import { decodeHead } from '../lib/engine/head-codec.ts';
import type { Reach } from '../lib/client/connection.ts';
import type { Status, Summary } from '../lib/client/describe.ts';
import { definitionOf, pidOf, readHead, requireHead } from '../lib/client/instance.ts';
import { readHeadJournal } from '../lib/client/journal-view.ts';
import { listInstances } from '../lib/client/list.ts';
import { operate, resumeInstance } from '../lib/client/operate.ts';
import { resultOf } from '../lib/client/result.ts';
import { signalInstance } from '../lib/client/signal.ts';
import { startProcess, type OnOpen } from '../lib/client/start.ts';
import { explain, type Why } from '../lib/client/why.ts';
import { usageError } from './usage-error.ts';

interface Instance {
  readonly process: string;
  readonly id: string;
}

/** What each act is asked with and answers: plain JSON, because it travels over a socket. */
export interface Acts {
  start: Act<{ process: string; input: Json; id?: string; onOpen?: OnOpen }, { id: string; run: string; started: boolean }>;
  result: Act<Instance & { timeout?: Duration }, { result: Json }>;
  signal: Act<Instance & { event: string; data: Json }, { id: string }>;
  list: Act<ListRequest, { instances: readonly ListedInstance[] }>;
  journal: Act<Instance & { payloads: boolean; from: number }, JournalAnswer>;
  why: Act<Instance, WhyAnswer>;
  cancel: Act<Instance & { reason: string }, { status: Status }>;
  resume: Act<Instance & { version?: number; skip?: string }, { status: Status }>;
}

/** The acts on a system that was opened for one command. */
export interface OpenedActs {
  readonly acts: Acts;
  close(): void;
}

interface Act<Request, Answer> {
  (request: Request): Promise<Answer>;
}

export interface ListRequest {
  readonly process?: string;
  readonly status?: readonly Status[];
  readonly tag?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limit: number;
}

export type ListedInstance = Omit<Summary, 'started'> & { readonly started: string };

export interface WhyAnswer {
  readonly process: string;
  readonly id: string;
  readonly status: Status;
  readonly why: string;
  readonly pending: Why['pending'];
  readonly stuck?: NonNullable<Why['stuck']>;
  /** How many events are parked beside it. */
  readonly parked?: number;
}

/** Entries from the index that was asked for. */
export interface JournalAnswer {
  readonly run: string;
  readonly status: Status;
  readonly why: string;
  readonly entries: readonly Json[];
}

/** The acts on a system that runs in this process, or on its stored state. */
export function actsOn(reach: Reach): Acts {
  return {
    start: ({ process, input, id, onOpen }) =>
      startProcess(reach, processNamed(reach, process), input, {
        ...(id === undefined ? {} : { id }),
        ...(onOpen === undefined ? {} : { onOpen }),
      }),
    result: async ({ process, id, timeout }) => ({ result: await resultOf(reach, process, id, timeout === undefined ? {} : { timeout }) }),
    signal: async ({ process, id, event, data }) => ({
      id: await signalInstance(reach, processNamed(reach, process).name, id, eventNamed(reach, event), data),
    }),
    list: async (request) => ({ instances: await listed(reach, request) }),
    journal: (request) => journalOf(reach, request),
    why: ({ process, id }) => whyOf(reach, process, id),
    cancel: async ({ process, id, reason }) => {
      await operate(reach, process, id, { act: 'cancel', reason });
      return statusOf(reach, process, id);
    },
    resume: async ({ process, id, version, skip }) => {
      await resumeInstance(reach, process, id, { ...(version === undefined ? {} : { version }), ...(skip === undefined ? {} : { skip }) });
      return statusOf(reach, process, id);
    },
  };
}

function processNamed({ system }: Reach, name: string): AnyProcess {
  const definition = system.processes.get(name)?.[0];
  if (definition !== undefined) return { name, '~': definition as never };
  throw usageError(
    `There is no process ${name} in ${system.name}: expected one of ${[...system.processes.keys()].join(', ')}.`,
    'Name a process of the system.',
  );
}

function eventNamed({ system }: Reach, type: string): NonNullable<ReturnType<Reach['system']['events']['get']>> {
  const event = system.events.get(type);
  if (event !== undefined) return event;
  throw usageError(
    `There is no event ${type} in ${system.name}: expected one of ${[...system.events.keys()].join(', ')}.`,
    'Name an event that the process hears.',
  );
}

async function listed(reach: Reach, { process, status, tag, since, limit }: ListRequest): Promise<ListedInstance[]> {
  const filter = {
    ...(process === undefined ? {} : { process: { name: process } }),
    ...(status === undefined ? {} : { status: [...status] }),
    ...(tag === undefined ? {} : { tag }),
    ...(since === undefined ? {} : { startedAfter: new Date(since) }),
  };
  const instances: ListedInstance[] = [];
  for await (const summary of listInstances(reach, filter)) {
    if (instances.length >= limit) break;
    instances.push({ ...summary, started: summary.started.toISOString() });
  }
  return instances;
}

async function journalOf(
  reach: Reach,
  { process, id, payloads, from }: Instance & { payloads: boolean; from: number },
): Promise<JournalAnswer> {
  const head = await requireHead(reach.ports, pidOf(process, id));
  const entries = await readHeadJournal(reach.ports, head, { payloads });
  const why = explain(decodeHead(head), reach.ports.clock.now(), definitionOf(reach.system, head.definition)).line;
  return { run: head.run, status: head.status as Status, why, entries: entries.slice(from) as unknown as Json[] };
}

async function whyOf(reach: Reach, process: string, id: string): Promise<WhyAnswer> {
  const head = await requireHead(reach.ports, pidOf(process, id));
  const { line, pending, stuck } = explain(decodeHead(head), reach.ports.clock.now(), definitionOf(reach.system, head.definition));
  const parked = (await reach.ports.parking.parked(head.pid)).length;
  return {
    process,
    id,
    status: head.status as Status,
    why: line,
    pending,
    ...(stuck === undefined ? {} : { stuck }),
    ...(parked === 0 ? {} : { parked }),
  };
}

async function statusOf(reach: Reach, process: string, id: string): Promise<{ status: Status }> {
  const head = await readHead(reach.ports, pidOf(process, id));
  // Where the start itself was what made it stuck, a resume starts it again: for a moment only its events are there.
  return { status: head === undefined ? 'running' : (head.status as Status) };
}
