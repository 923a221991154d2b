import { Option, type Command } from 'commander';
import type { BreakingChange } from '../../lib/contract/export/breaking-changes.ts';
import type { System } from '../../lib/contract/system.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { usageError } from '../usage-error.ts';

interface ExportOptions {
  readonly out: string;
  readonly json?: true;
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
  const contracts = program.command('contracts').description('the contracts of a system, for services in any language');
  addExportCommand(contracts, invocation);
  addCheckCommand(contracts, invocation);
}

function addExportCommand(contracts: Command, { terminal }: Invocation): void {
  contracts
    .command('export')
    .description('write JSON Schemas of all messages and one AsyncAPI 3 document; prints each file')
    .argument('<module>', 'module that exports the system')
    .requiredOption('--out <dir>', 'the folder to write to; files of the same name are replaced')
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

function addCheckCommand(contracts: Command, invocation: Invocation): void {
  contracts
    .command('check')
    .description('print what breaks readers or writers of an earlier export, and which open runs do not replay on this code (exit 1)')
    .argument('<module>', 'module that exports the system')
    .requiredOption('--against <dir>', 'the folder of that export')
    .option('--runs <dir>', 'replay the recorded journals of this folder, *.json')
    .addOption(new Option('--local <dir>', 'replay the open runs of this folder while no tutti dev runs there').conflicts('runs'))
    .addOption(new Option('--stack <name>', 'replay the open runs of the deployed system of this name').conflicts(['runs', 'local']))
    .addOption(new Option('--region <region>', 'where it is deployed (default: that of the environment or of the profile)'))
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

/** Prints each change; whether there is any. */
function printChanges(terminal: Terminal, changes: readonly BreakingChange[], json: boolean): boolean {
  for (const change of changes) {
    if (json) terminal.printJson(change);
    else terminal.print(`${change.file} ${change.at === '' ? '' : `${change.at} `}- ${change.change}`);
  }
  terminal.message(
    changes.length === 0
      ? 'Nothing breaks.'
      : `${changes.length} ${changes.length === 1 ? 'change breaks' : 'changes break'} what is deployed: keep the old schema and add the new one with versions(old).next(new, upcast).`,
  );
  return changes.length > 0;
}

/** Replays the runs that the options name; whether each goes on. */
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
