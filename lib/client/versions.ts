import { instantText } from '../contract/wire/wire.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { splitDefinition } from './instance.ts';
import { headsOfAll } from './list.ts';
import { readHeadJournal } from './operations/journal-view.ts';

/** The open runs of one version of a process, in all tenants. */
export interface VersionUse {
  readonly process: string;
  readonly version: number;
  /** Open runs that are neither stuck nor paused. */
  readonly running: number;
  readonly stuck: number;
  readonly paused: number;
  /** ISO instant: the start of the oldest open run. Absent without one. */
  readonly oldest?: string;
  /** Whether the version can leave the system: it is listed, starts do not take it, and no run is open on it. */
  readonly removable: boolean;
  /** One line: why it can leave the system, or why not. */
  readonly why: string;
  /** The changes that open runs have taken with `ctx.patched`. Absent if there are none, or if they were not asked for. */
  readonly changes?: readonly ChangeUse[];
}

/** A change of `ctx.patched`, and the open runs of its version. */
export interface ChangeUse {
  readonly change: string;
  /** Open runs that have taken it. */
  readonly taken: number;
  /** Open runs that were past it when it came, or that have not come to it yet. Without any, its call can be deleted. */
  readonly without: number;
}

interface Count {
  running: number;
  stuck: number;
  paused: number;
  oldest: number;
  /** By change: the open runs that have taken it. */
  readonly changes: Map<string, number>;
}

const NONE = { running: 0, stuck: 0, paused: 0, oldest: Infinity } as const;

/**
 * Counts the open runs of each listed version, and of each version that an open run needs. Early events need none, because their start takes
 * the newest version. It reads the index of instances, which may lag for some seconds. With `changes` it also reads the journal of each open
 * run.
 */
export async function versionsInUse({ system, ports }: Reach, { changes = false } = {}): Promise<readonly VersionUse[]> {
  const counts = new Map<string, Count>();
  for (const versions of system.processes.values())
    for (const { name, version } of versions) counts.set(`${name}@${version}`, { ...NONE, changes: new Map() });
  for await (const head of headsOfAll(ports.index, { statuses: ['running', 'stuck'] })) {
    const count = counts.get(head.definition) ?? { ...NONE, changes: new Map<string, number>() };
    counts.set(head.definition, count);
    count[kindOf(head)] += 1;
    count.oldest = Math.min(count.oldest, head.startedAt);
    if (changes) await noteChanges(count, ports, head);
  }
  return [...counts]
    .map(([definition, count]) => useOf(system, definition, count))
    .toSorted((one, other) => one.process.localeCompare(other.process) || other.version - one.version);
}

async function noteChanges({ changes }: Count, ports: Reach['ports'], head: Head): Promise<void> {
  for (const entry of await readHeadJournal(ports, head, { payloads: false }))
    if (entry.type === 'ChangeTaken') changes.set(entry.path, (changes.get(entry.path) ?? 0) + 1);
}

/** A paused instance may be stuck too. */
function kindOf({ status, paused }: Head): 'running' | 'stuck' | 'paused' {
  if (status === 'stuck') return 'stuck';
  return paused === undefined ? 'running' : 'paused';
}

function useOf(system: Reach['system'], definition: string, { oldest, changes, ...count }: Count): VersionUse {
  const { process, version } = splitDefinition(definition);
  const listed = system.processes.get(process);
  const isListed = listed?.some((each) => each.version === version) ?? false;
  const isNewest = listed?.[0]?.version === version;
  const open = count.running + count.stuck + count.paused;
  return {
    process,
    version,
    ...count,
    ...(open > 0 && { oldest: instantText(oldest) }),
    removable: isListed && !isNewest && open === 0,
    why: whyOf({ isListed, isNewest, open, oldest, knows: system.processes.size > 0 }),
    ...(changes.size > 0 && { changes: [...changes].map(([change, taken]) => ({ change, taken, without: open - taken })) }),
  };
}

function whyOf({
  isListed,
  isNewest,
  open,
  oldest,
  knows,
}: {
  readonly isListed: boolean;
  readonly isNewest: boolean;
  readonly open: number;
  readonly oldest: number;
  /** The system of a stopped folder lists no process. */
  readonly knows: boolean;
}): string {
  const runs = `${open} open ${open === 1 ? 'run' : 'runs'}`;
  const since = `the oldest since ${instantText(oldest).slice(0, 10)}`;
  if (isNewest) return open === 0 ? 'no: starts take it' : `no: starts take it, and it has ${runs}`;
  if (isListed) return open === 0 ? 'yes: no run is open on it' : `no: ${runs}, ${since}`;
  return knows ? `missing: ${runs}, ${since}, and the system does not list it` : `${runs}, ${since}`;
}
