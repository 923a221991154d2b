import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientPorts } from '../lib/client/connection.ts';
import { nameOf } from '../lib/client/instance.ts';
import { readHeadJournal } from '../lib/client/journal-view.ts';
import { parsePid } from '../lib/contract/process-id.ts';
import type { Json } from '../lib/contract/schema.ts';
import type { System } from '../lib/contract/system.ts';
import { systemContract } from '../lib/contract/system.ts';
import { openState } from '../lib/local/state.ts';
import { replayJournal, type JournalFixture } from '../lib/testing/journal-fixture.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { WhereOptions } from './invocation.ts';
import type { Terminal } from './terminal.ts';
import { usageError } from './usage-error.ts';

/** A journal to replay, under the name that a reader knows it by. */
interface Recorded {
  readonly name: string;
  readonly fixture: JournalFixture;
}

/** Replays each on this code and prints what differs. */
export async function replayAll(
  terminal: Terminal,
  system: System<string>,
  recorded: readonly Recorded[],
  json: boolean,
): Promise<ExitCode> {
  let differing = 0;
  for (const { name, fixture } of recorded) {
    const differences = await replayJournal(system, fixture);
    if (differences.length > 0) differing += 1;
    if (json) terminal.printJson({ journal: name, differences });
    else if (differences.length === 0) terminal.print(`${terminal.colors.green('same')}     ${name}`);
    else terminal.print(`${terminal.colors.red('differs')}  ${name}\n${differences.map((each) => `         ${each}`).join('\n')}`);
  }
  terminal.message(`${recorded.length} replayed, ${differing} ${differing === 1 ? 'differs' : 'differ'}.`);
  return differing === 0 ? EXIT.done : EXIT.bad;
}

/** The recorded journals of a folder. */
export function recordedJournals(directory: string): Recorded[] {
  if (!existsSync(directory)) throw usageError(`There is no folder ${directory}.`, 'Name the folder of recorded journals.');
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw usageError(`There is no journal in ${directory}: expected *.json.`, 'Record one with the test kit.');
  return names.sort().map((name) => ({ name, fixture: JSON.parse(readFileSync(join(directory, name), 'utf8')) as JournalFixture }));
}

/** The journals of the open instances of a deployed system, or of a folder, on which nothing may be running. */
export async function openJournals(system: System<string>, { local, stack, region }: WhereOptions): Promise<Recorded[]> {
  if (stack === undefined) return storedJournals(system, local);
  const { reachStack } = await import('./system-stack.ts');
  return journalsOf((await reachStack(stack, region)).ports);
}

async function storedJournals(system: System<string>, directory: string): Promise<Recorded[]> {
  if (!existsSync(join(directory, 'state.db')))
    throw usageError(`Nothing has been stored in ${directory}.`, 'Name the folder of the system with --local.');
  const state = openState({ system: systemContract(system), directory });
  try {
    return await journalsOf({ store: state.processStore, payloads: state.payloadStore, index: state.instanceIndex });
  } finally {
    state.close();
  }
}

async function journalsOf(ports: Pick<ClientPorts, 'store' | 'payloads' | 'index'>): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for await (const head of ports.index.list({ statuses: ['running', 'stuck'] })) {
    const entries = (await readHeadJournal(ports, head)) as unknown as readonly Json[];
    const { process = '', id = '' } = parsePid(head.pid) ?? {};
    // A start that no code could take has left an instance without a journal.
    if (entries.length > 0) recorded.push({ name: nameOf(head.pid), fixture: { process, id, entries } });
  }
  return recorded;
}
