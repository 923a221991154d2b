import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { nameOf } from '../../lib/client/instance.ts';
import { parsePid } from '../../lib/contract/process-id.ts';
import { systemContract, type System } from '../../lib/contract/system.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { openState } from '../../lib/local/state.ts';
import { readHeadJournal } from '../../lib/client/journal-view.ts';
import { replayJournal, type JournalFixture } from '../../lib/testing/journal-fixture.ts';
import { EXIT } from '../exit-code.ts';
import { addWhereOptions, type Invocation, type WhereOptions } from '../invocation.ts';
import { loadModules } from '../load-modules.ts';
import { usageError } from '../usage-error.ts';

interface ReplayCommandOptions extends WhereOptions {
  readonly journals?: string;
  readonly open?: true;
}

/** A journal to replay, under the name that a reader knows it by. */
interface Recorded {
  readonly name: string;
  readonly fixture: JournalFixture;
}

export function addReplayCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('replay'))
    .description('replay recorded journals, or those of open instances, on this code; prints what differs (exit 1)')
    .argument('<module...>', 'modules that export the system')
    .option('--journals <dir>', 'the folder of recorded journals, *.json')
    .option('--open', 'the open instances of the folder, while no tutti dev runs there')
    .action(async (modules: readonly string[], options: ReplayCommandOptions) => {
      if ((options.journals === undefined) === (options.open === undefined)) {
        throw usageError('Expected either --journals DIR or --open.', 'Say which journals are to be replayed.');
      }
      const { system } = await loadModules(modules);
      const recorded = options.journals === undefined ? await openJournals(system, options.local) : fixtures(options.journals);
      invocation.exitCode = await replayAll(invocation, system, recorded, options.json === true);
    });
}

async function replayAll(
  { terminal }: Invocation,
  system: System<string>,
  recorded: readonly Recorded[],
  json: boolean,
): Promise<Invocation['exitCode']> {
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

function fixtures(directory: string): Recorded[] {
  if (!existsSync(directory)) throw usageError(`There is no folder ${directory}.`, 'Name the folder of recorded journals.');
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw usageError(`There is no journal in ${directory}: expected *.json.`, 'Record one with the test kit.');
  return names.sort().map((name) => ({ name, fixture: JSON.parse(readFileSync(join(directory, name), 'utf8')) as JournalFixture }));
}

async function openJournals(system: System<string>, directory: string): Promise<Recorded[]> {
  if (!existsSync(join(directory, 'state.db')))
    throw usageError(`Nothing has been stored in ${directory}.`, 'Name the folder of the system with --local.');
  const state = openState({ system: systemContract(system), directory });
  try {
    const recorded: Recorded[] = [];
    for await (const head of state.instanceIndex.list({ statuses: ['running', 'stuck'] })) {
      const ports = { store: state.processStore, payloads: state.payloadStore };
      const entries = (await readHeadJournal(ports, head)) as unknown as readonly Json[];
      const { process = '', id = '' } = parsePid(head.pid) ?? {};
      // A start that no code could take has left an instance without a journal.
      if (entries.length > 0) recorded.push({ name: nameOf(head.pid), fixture: { process, id, entries } });
    }
    return recorded;
  } finally {
    state.close();
  }
}
