import { InvalidArgumentError, Option, type Command } from 'commander';
import type { BreakingChange } from '../../lib/contract/export/breaking-changes.ts';
import type { System } from '../../lib/contract/system.ts';
import { EXIT, usageError } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';

interface ExportOptions {
  readonly out: string;
  readonly json?: true;
}

interface ImportOptions {
  readonly service: string;
  readonly out?: string;
  readonly undo: ReadonlyMap<string, string>;
  readonly unchecked?: true;
}

interface CheckOptions {
  readonly against: string;
  readonly runs?: string | undefined;
  readonly local?: string;
  readonly stack?: string;
  readonly region?: string;
  readonly json?: true;
}

export function addContractsCommand(program: Command, invocation: Invocation): void {
  const contracts = program
    .command('contracts')
    .description('export the contracts of a system, check them for breaking changes, and import those of services in other languages');
  addExportCommand(contracts, invocation);
  addImportCommand(contracts, invocation);
  addCheckCommand(contracts, invocation);
}

function addExportCommand(contracts: Command, { terminal }: Invocation): void {
  contracts
    .command('export')
    .description('write JSON Schemas of all messages and one AsyncAPI 3 document; prints each file')
    .argument('<module>', 'module that exports the system')
    .requiredOption('--out <dir>', 'folder to write to; files of the same name are replaced')
    .option('--json', 'one JSON object per line')
    .action(async (module: string, { out, json }: ExportOptions) => {
      const [{ loadModules }, { writeContracts }] = await Promise.all([import('../load-modules.ts'), import('../contract-files.ts')]);
      const { system } = await loadModules([module]);
      const written = writeContracts(system, out);
      for (const file of written) {
        if (json) terminal.printJson({ file });
        else terminal.print(file);
      }
      terminal.message(`${written.length} files.`);
    });
}

function addImportCommand(contracts: Command, { terminal }: Invocation): void {
  contracts
    .command('import')
    .description('write the contract of a service as a TypeScript module, from its AsyncAPI document of version 2 or 3, in JSON or YAML')
    .argument('<document>', 'AsyncAPI document; references to other files are relative to it')
    .requiredOption('--service <name>', 'name of the service, or of an owner of events, whose messages are imported')
    .option('--out <file>', 'file to write to; only a file that an earlier import wrote is replaced (default: standard output)')
    .option(
      '--undo <verb=verb>',
      'the second command undoes the first and gets its output as its input; repeat it',
      undoArgument,
      new Map(),
    )
    .option('--unchecked', 'note keywords that have no equivalent, in place of refusing the document')
    .action(async (document: string, { service, out, undo, unchecked }: ImportOptions) => {
      const [{ importContracts }, { documentReader, placeContract }] = await Promise.all([
        import('../../lib/contract/import/import-contracts.ts'),
        import('../contract-files.ts'),
      ]);
      const { code, notes } = importContracts(documentReader, { file: document, service, undo, unchecked: unchecked === true });
      if (out === undefined) terminal.print(...code.trimEnd().split('\n'));
      else {
        placeContract(out, code);
        terminal.print(out);
      }
      for (const note of notes) terminal.message(`Note: ${note}.`);
    });
}

function undoArgument(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [verb = '', by = '', ...more] = text.split('=');
  if (verb === '' || by === '' || more.length > 0) throw new InvalidArgumentError('Expected two commands, such as book=cancel.');
  return new Map([...before, [verb, by]]);
}

function addCheckCommand(contracts: Command, invocation: Invocation): void {
  contracts
    .command('check')
    .description(
      'print the changes that break readers or writers of an earlier export, and the open runs that do not replay on this code (exit 1)',
    )
    .argument('<module>', 'module that exports the system')
    .requiredOption('--against <dir>', 'folder of that export')
    .option('--runs <dir>', 'replay the recorded journals of this folder, *.json')
    .addOption(new Option('--local <dir>', 'replay the open runs of this folder; no system may run on it').conflicts('runs'))
    .addOption(new Option('--stack <name>', 'replay the open runs of this deployed system').conflicts(['runs', 'local']))
    .addOption(new Option('--region <region>', 'AWS region of the deployed system (default: from the environment or the profile)'))
    .option('--json', 'one JSON object per line')
    .action(async (module: string, { against, json, runs, ...place }: CheckOptions) => {
      if (place.region !== undefined && place.stack === undefined)
        throw usageError('--region was given without --stack.', 'Name the deployed system with --stack.');
      const [{ loadModules }, { changesSince }] = await Promise.all([import('../load-modules.ts'), import('../contract-files.ts')]);
      const { system } = await loadModules([module]);
      const breaks = printChanges(invocation.terminal, changesSince(system, against), json === true);
      const replays = await replayRuns(invocation.terminal, system, { runs, ...place }, json === true);
      if (breaks || !replays) invocation.exitCode = EXIT.bad;
    });
}

/** Prints each change. Returns whether there is any. */
function printChanges(terminal: Terminal, changes: readonly BreakingChange[], json: boolean): boolean {
  for (const change of changes) {
    if (json) terminal.printJson(change);
    else terminal.print(`${change.file} ${change.at === '' ? '' : `${change.at} `}- ${change.change}`);
  }
  terminal.message(
    changes.length === 0
      ? 'No breaking change.'
      : `${changes.length} breaking ${changes.length === 1 ? 'change' : 'changes'}: keep the old schema and add the new one with versions(old).next(new, upcast).`,
  );
  return changes.length > 0;
}

/** Replays the runs that the options name. Returns whether each of them replays. */
async function replayRuns(
  terminal: Terminal,
  system: System<string>,
  { runs, ...place }: Pick<CheckOptions, 'runs' | 'local' | 'stack' | 'region'>,
  json: boolean,
): Promise<boolean> {
  if (runs === undefined && place.local === undefined && place.stack === undefined) return true;
  const [{ openRuns, recordedRuns }, { replayOpen }] = await Promise.all([import('../runs.ts'), import('../replay.ts')]);
  const all = runs === undefined ? openRuns(system, place) : recordedRuns(system, runs);
  return (await replayOpen(terminal, all, json)) === EXIT.done;
}
