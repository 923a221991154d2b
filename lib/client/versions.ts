import { instantText } from '../contract/wire/wire.ts';
import { knownCodes } from '../format/stored-flow.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { codeOfRun, splitDefinition } from './instance.ts';
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
  /** The codes that began open runs, most runs first. Absent if journals name none, or if they were not asked for. */
  readonly codes?: readonly CodeUse[];
}

/** A code of a version (lib/flow/code-hash.ts), and the open runs that it began. */
export interface CodeUse {
  /** 16 hex digits. */
  readonly code: string;
  readonly open: number;
  /** Whether the system runs this code now. Absent if it has stored no flow of the version. */
  readonly isNewest?: boolean;
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
  /** By code: the open runs that it began. */
  readonly codes: Map<string, number>;
}

function none(): Count {
  return { running: 0, stuck: 0, paused: 0, oldest: Infinity, changes: new Map(), codes: new Map() };
}

/**
 * Counts the open runs of each listed version, and of each version that an open run needs. Early events need none, because their start takes
 * the newest version. It reads the index of instances, which may lag for some seconds. With `changes` it also reads the journal of each open
 * run, for the changes that it has taken and the code that began it.
 */
export async function versionsInUse({ system, ports }: Reach, { changes = false } = {}): Promise<readonly VersionUse[]> {
  const counts = new Map<string, Count>();
  for (const versions of system.processes.values()) for (const { name, version } of versions) counts.set(`${name}@${version}`, none());
  for await (const head of headsOfAll(ports.index, { statuses: ['running', 'stuck'] })) {
    const count = counts.get(head.definition) ?? none();
    counts.set(head.definition, count);
    count[kindOf(head)] += 1;
    count.oldest = Math.min(count.oldest, head.startedAt);
    if (changes) await noteJournal(count, ports, head);
  }
  const newest = new Map<string, string>();
  for (const [definition, { codes }] of counts) {
    const known = codes.size === 0 ? undefined : (await knownCodes(ports.store, definition)).at(-1);
    if (known) newest.set(definition, known.code);
  }
  return [...counts]
    .map(([definition, count]) => ({ ...useOf(system, definition, count), ...codesOf(count, newest.get(definition)) }))
    .toSorted((one, other) => one.process.localeCompare(other.process) || other.version - one.version);
}

async function noteJournal({ changes, codes }: Count, ports: Reach['ports'], head: Head): Promise<void> {
  const entries = await readHeadJournal(ports, head, { payloads: false });
  for (const entry of entries) if (entry.type === 'ChangeTaken') changes.set(entry.path, (changes.get(entry.path) ?? 0) + 1);
  const code = codeOfRun(head.definition, entries);
  if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1);
}

function codesOf({ codes }: Count, newest: string | undefined): Pick<VersionUse, 'codes'> {
  if (codes.size === 0) return {};
  const uses = Array.from(codes, ([code, open]) => ({ code, open, ...(newest !== undefined && { isNewest: code === newest }) }));
  return { codes: uses.toSorted((one, other) => other.open - one.open) };
}

/** A paused instance may be stuck too. */
function kindOf({ status, paused }: Head): 'running' | 'stuck' | 'paused' {
  if (status === 'stuck') return 'stuck';
  return paused === undefined ? 'running' : 'paused';
}

function useOf(system: Reach['system'], definition: string, { oldest, changes, codes: _codes, ...count }: Count): VersionUse {
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
