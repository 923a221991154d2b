import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientPorts } from '../lib/client/connection.ts';
import { headsOfAll } from '../lib/client/list.ts';
import { codeOfRun, nameOf } from '../lib/client/instance.ts';
import { readHeadJournal } from '../lib/client/operations/journal-view.ts';
import type { System } from '../lib/contract/system.ts';
import { systemContract } from '../lib/contract/system.ts';
import { folderSeal } from '../lib/local/folder-key.ts';
import { openState } from '../lib/local/state.ts';
import type { Replayed } from '../lib/engine/replay-journal.ts';
import { replayFixture, replayOpenRun, type JournalFixture } from '../lib/testing/journal-fixture.ts';
import { usageError } from './exit-code.ts';

/** A run whose journal can be replayed on this code. */
export interface ReplayableRun {
  /** The file name of a recorded journal, or the instance. */
  readonly name: string;
  /** The differences between the decisions of this code and the journal, and what the replay skipped. */
  replay(): Promise<Replayed>;
  /** Of an open run: its definition, `name@version`, and the code that began it, if its journal names one. */
  readonly definition?: string;
  readonly code?: string | undefined;
}

export type ReplayableRuns = AsyncIterable<ReplayableRun> | Iterable<ReplayableRun>;

/** Returns the recorded journals of a folder. */
export function recordedRuns(system: System<string>, directory: string): ReplayableRuns {
  if (!existsSync(directory)) throw usageError(`The folder ${directory} does not exist.`, 'Name the folder of recorded journals.');
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw usageError(`There is no journal in ${directory}: expected *.json.`, 'Record one with the test kit.');
  return names.sort().map((name) => ({
    name,
    replay: async () => replayFixture(system, JSON.parse(readFileSync(join(directory, name), 'utf8')) as JournalFixture),
  }));
}

/** The place of open runs: a deployed system, or a folder. */
export interface RunsPlace {
  readonly local?: string;
  readonly stack?: string;
  readonly region?: string;
}

/** Yields the open runs of a deployed system, or of a folder on which no engine may run. */
export async function* openRuns(system: System<string>, { local = '', stack, region }: RunsPlace): AsyncIterable<ReplayableRun> {
  if (stack !== undefined) {
    const { reachStack } = await import('./system-stack.ts');
    yield* runsOf(system, (await reachStack(stack, region)).ports);
    return;
  }
  if (!existsSync(join(local, 'state.db')))
    throw usageError(`No state is stored in ${local}.`, 'Name the folder of the system with --local.');
  const state = openState({
    system: systemContract(system),
    directory: local,
    seal: folderSeal(local, process.env['TUTTI_KEY_FILE']),
  });
  try {
    yield* runsOf(system, { store: state.processStore, payloads: state.payloadStore, index: state.instanceIndex });
  } finally {
    state.close();
  }
}

async function* runsOf(system: System<string>, ports: Pick<ClientPorts, 'store' | 'payloads' | 'index'>): AsyncIterable<ReplayableRun> {
  for await (const head of headsOfAll(ports.index, { statuses: ['running', 'stuck'] })) {
    const entries = await readHeadJournal(ports, head);
    // An instance that got stuck at its start has no journal.
    if (entries.length === 0) continue;
    const { definition } = head;
    yield { name: nameOf(head.pid), definition, code: codeOfRun(definition, entries), replay: () => replayOpenRun(system, head, entries) };
  }
}
