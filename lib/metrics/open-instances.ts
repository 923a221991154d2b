import { parsePid } from '../contract/wire/process-id.ts';
import type { Image, OpenCommand } from '../core/image.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import { serviceOf, type Labels } from './measuring.ts';
import { gaugeText } from './prometheus.ts';

/** The open commands of one name. */
export interface CommandWait {
  readonly command: string;
  /** Instances that wait for it. */
  count: number;
  /** When the one that waits longest has sent it first. */
  since: number;
  /** Its instance. */
  pid: string;
}

/** Counts of the open instances, and their waits. */
export interface OpenInstances {
  /** By process, then status. */
  readonly counts: Map<string, Map<string, number>>;
  readonly waits: Map<string, CommandWait>;
  unresolved: number;
  /** Instances of async processes that no reply, timer or event will wake. */
  readonly nothingPending: string[];
}

export function noInstances(): OpenInstances {
  return { counts: new Map(), waits: new Map(), unresolved: 0, nothingPending: [] };
}

/** Adds an open instance. `isAsync`: whether its process is an async function; a decider waits for any event. */
export function addInstance(open: OpenInstances, head: Head, isAsync: boolean): void {
  const process = parsePid(head.pid)?.process ?? '';
  const counts = open.counts.get(process) ?? new Map<string, number>();
  open.counts.set(process, counts);
  const status = head.paused === undefined ? head.status : 'paused';
  counts.set(status, (counts.get(status) ?? 0) + 1);
  open.unresolved += (head.unresolved ?? 0) > 0 ? 1 : 0;
  if (formatFault(head) !== undefined) return;
  const image = decodeHead(head);
  for (const command of image.commands.values()) {
    // Another instance owns an engine command, such as a child, which has waits of its own.
    if (command.mode !== 'send' && command.owner === undefined) addWait(open.waits, head.pid, command);
  }
  if (isAsync && status === 'running' && hasNothingPending(image)) open.nothingPending.push(head.pid);
}

function addWait(waits: Map<string, CommandWait>, pid: string, { command, since }: OpenCommand): void {
  const wait = waits.get(command) ?? { command, count: 0, since, pid };
  waits.set(command, wait);
  wait.count += 1;
  if (since >= wait.since) return;
  wait.since = since;
  wait.pid = pid;
}

function hasNothingPending({ commands, resends, timers, pendingSends, waits = [], keyed = [], tickAt, due }: Image): boolean {
  const isBusy = commands.size > 0 || resends.size > 0 || timers.size > 0 || pendingSends.length > 0;
  return !isBusy && waits.length === 0 && keyed.length === 0 && tickAt === undefined && due === undefined;
}

/** The gauges of a system, as the text that Prometheus reads. */
export function openInstancesText(open: OpenInstances, now: number): string {
  const waits = [...open.waits.values()];
  const labelsOf = ({ command }: CommandWait): Labels => ({ service: serviceOf(command), command });
  const counts = Array.from(open.counts).flatMap(([process, byStatus]) =>
    Array.from(byStatus, ([status, count]) => [{ process, status }, count] as const),
  );
  return [
    gaugeText('tutti_open_runs', 'Runs that have not ended, by process and status.', counts),
    gaugeText(
      'tutti_waiting_runs',
      'Runs that wait for the reply to a command.',
      waits.map((wait) => [labelsOf(wait), wait.count]),
    ),
    gaugeText(
      'tutti_oldest_wait_seconds',
      'Since the longest wait for the reply to a command has begun.',
      waits.map((wait) => [labelsOf(wait), (now - wait.since) / 1_000]),
    ),
    gaugeText(
      'tutti_oldest_wait_info',
      'The instance that waits longest for the reply to a command.',
      waits.map((wait) => [{ ...labelsOf(wait), ...namedBy(wait.pid) }, 1]),
    ),
    gaugeText('tutti_unresolved_runs', 'Open runs with a command whose outcome is unknown.', [[{}, open.unresolved]]),
    gaugeText('tutti_nothing_pending_runs', 'Runs that nothing will wake. More than 0 is a fault of Tutti.', [
      [{}, open.nothingPending.length],
    ]),
  ].join('');
}

function namedBy(pid: string): Labels {
  const { tenant = '', process = '', id = '' } = parsePid(pid) ?? {};
  return { tenant, process, id };
}
