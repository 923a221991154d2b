import { PAUSED } from '../core/resuming.ts';
import type { Pause, PauseClock, WaitingStart } from '../core/image.ts';
import type { Json } from '../contract/schema.ts';
import { parsePid, pidOfCommand, type InstanceKey } from '../contract/wire/process-id.ts';
import { isGate, START } from '../contract/gate.ts';
import { CHILD } from '../core/children.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { erasedOf, type Erased } from './erased.ts';
import { splitDefinition, namesOf, type InstanceName } from './instance.ts';
import { requireBegun } from './waiting-start.ts';
import { parkedCount, type ParkedCount } from './parked-count.ts';
import { unresolvedOf, type Unresolved } from './unresolved.ts';
import { standingOf, type Standing } from './operations/standing.ts';
import { whyOfHead } from './operations/why-of-head.ts';

/** Status of an instance; `stuck` needs an operator. */
export type Status = 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'stuck';

/** A pause of an instance. */
export interface Paused {
  readonly by: string;
  /** The sender id that the queue stamped on the request, if it stamps one. */
  readonly sender?: string;
  readonly reason: string;
  readonly since: Date;
  readonly clock: PauseClock;
  /** The process or service whose pause has paused it, such as `process:book-trip`. Absent: it was paused alone. */
  readonly hold?: string;
  /** Number of events and replies that are kept until the resume. */
  readonly waiting: number;
}

/** One line of a list. */
export interface Summary {
  /** Absent for the tenant `default`. */
  readonly tenant?: string;
  readonly process: string;
  readonly id: string;
  readonly run: string;
  readonly status: Status;
  readonly started: Date;
  /** One line: what it waits for, or how it ended. */
  readonly why: string;
  /** Set while the instance is paused. */
  readonly paused?: Paused;
  /** The instance of which this one is a fork, and the number of its journal entries that the fork has adopted. Absent: it is no fork. */
  readonly original?: InstanceRef & { readonly entries: number };
}

/** The instances of one process with one status. */
export interface InstanceCount {
  readonly process: string;
  /** `paused` in place of the status of a paused instance. */
  readonly status: string;
  readonly count: number;
  /** Set if the count stopped at 10,000 instances in all: there may be more. */
  readonly more?: true;
}

/** An instance in full. */
export interface Description extends Summary {
  /** The version of the definition that the run stays on. */
  readonly version: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Open commands, timers and event waits. */
  readonly pending: readonly Json[];
  /** Commands with an unknown outcome, also after the end: step, command, attempts, last error. */
  readonly unresolved: readonly Unresolved[];
  /** The instance that started this one as its child. Absent: a client or an event started it. */
  readonly parent?: InstanceRef;
  /** Its children that have not ended, also those that it has detached or that a terminated instance has left. */
  readonly children: readonly InstanceRef[];
  /** The last 20 forks of its runs, also a fork that has not begun yet. Absent: none. */
  readonly forks?: readonly InstanceRef[];
  /** After a terminate: the completed commands that have an undo, which was not run. Absent at any other end. */
  readonly standing?: readonly Standing[];
  /** The erasure of its data. Absent: it was not erased. */
  readonly erased?: Erased;
  /** Starts that wait for its end, in order. Absent: none. */
  readonly waiting?: readonly Waiting[];
  /** Number of parked events of the instance, by reason. `CLOSED` counts the events that came after its end. */
  readonly parked: ParkedCount;
}

/** A start that waits for the end of an open instance. */
export interface Waiting {
  /** The run that it will begin. */
  readonly run: string;
  /** The event or the client that sent it. */
  readonly source: string;
  readonly since: Date;
  /** From 1. */
  readonly position: number;
}

/** The name of an instance. */
export interface InstanceRef {
  readonly process: string;
  readonly id: string;
}

export async function describeInstance(reach: Reach, instance: InstanceName): Promise<Description> {
  const head = await requireBegun(reach, instance);
  const standing = await standingOf(reach, head);
  const description = descriptionOf(reach, head, await parkedCount(reach.ports, head.pid));
  return standing.length === 0 ? description : { ...description, standing };
}

export function descriptionOf(reach: Reach, head: Head, parked: ParkedCount): Description {
  const { line, pending } = whyOfHead(reach, head);
  const paused = pausedOf(head, parked);
  const erased = erasedOf(head.tail);
  const image = formatFault(head) === undefined ? decodeHead(head) : undefined;
  return {
    ...namesOf(head.pid),
    run: head.run,
    status: head.status as Status,
    started: new Date(head.startedAt),
    why: line,
    version: splitDefinition(head.definition).version,
    tags: head.tags ?? {},
    pending,
    ...(paused && { paused }),
    ...(erased && { erased }),
    unresolved: image ? unresolvedOf(image) : [],
    ...(image?.parent && !isGate(pidOfCommand(image.parent.commandId)) && { parent: refOf(pidOfCommand(image.parent.commandId)) }),
    children: [...(image?.commands.values() ?? [])].flatMap(({ command, owner }) =>
      (command === CHILD || command === START) && owner ? [refOf(owner)] : [],
    ),
    ...(image?.fork && { original: { ...refOf(image.fork.pid), entries: image.fork.entries } }),
    ...(image?.forks && { forks: image.forks.map(refOf) }),
    ...(image?.waiting && { waiting: image.waiting.map(waitingOf) }),
    parked,
  };
}

function waitingOf({ identity, source, since }: WaitingStart, index: number): Waiting {
  return { run: identity, source, since: new Date(since), position: index + 1 };
}

/** The pause of a head, with the number of events that wait for its end. */
export function pausedOf(head: Head, parked: ParkedCount): Paused | undefined {
  if (head.paused === undefined) return undefined;
  const { at, ...pause } = JSON.parse(head.paused) as Pause;
  return { ...pause, since: new Date(at), waiting: parked[PAUSED] ?? 0 };
}

/** Counts the events that wait for a paused instance. Any other head costs no read. */
export async function waitingFor({ ports }: Pick<Reach, 'ports'>, head: Head): Promise<ParkedCount> {
  return head.paused === undefined ? {} : parkedCount(ports, head.pid);
}

function refOf(pid: string): InstanceRef {
  const { process, id } = parsePid(pid) as InstanceKey;
  return { process, id };
}
