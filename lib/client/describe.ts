import type { Json } from '../contract/schema.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { splitDefinition, namesOf, pidOf, requireHead, type InstanceName } from './instance.ts';
import { parkedCount, type ParkedCount } from './parked-count.ts';
import { unresolvedOf, type Unresolved } from './unresolved.ts';
import { whyOfHead } from './operations/why-of-head.ts';

/** Status of an instance; `stuck` needs an operator. */
export type Status = 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'stuck';

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
  /** Number of parked events of the instance, by reason. `CLOSED` counts the events that came after its end. */
  readonly parked: ParkedCount;
}

export async function describeInstance(reach: Reach, instance: InstanceName): Promise<Description> {
  const head = await requireHead(reach.ports, pidOf(reach, instance));
  return descriptionOf(reach, head, await parkedCount(reach.ports, head.pid));
}

export function descriptionOf(reach: Reach, head: Head, parked: ParkedCount): Description {
  const { line, pending } = whyOfHead(reach, head);
  return {
    ...namesOf(head.pid),
    run: head.run,
    status: head.status as Status,
    started: new Date(head.startedAt),
    why: line,
    version: splitDefinition(head.definition).version,
    tags: head.tags ?? {},
    pending,
    unresolved: formatFault(head) === undefined ? unresolvedOf(decodeHead(head)) : [],
    parked,
  };
}
