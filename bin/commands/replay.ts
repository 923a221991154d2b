import type { Command } from 'commander';
import { addWhereOptions, type Invocation, type WhereOptions } from '../invocation.ts';
import { usageError } from '../exit-code.ts';

interface ReplayCommandOptions extends WhereOptions {
  readonly journals?: string;
  readonly open?: true;
  readonly accept?: readonly string[];
}

export function addReplayCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('replay'))
    .description('replay recorded journals, or the journals of open instances, on this code; prints the differences (exit 1)')
    .argument('<module...>', 'modules that export the system')
    .option('--journals <dir>', 'folder of recorded journals, *.json')
    .option('--open', 'the open instances of the deployed system, or of the folder; no system may run on it')
    .option('--accept <code...>', 'with --open: codes of this checkout under which open runs of other code may go on')
    .action(async (modules: readonly string[], { journals, open, json, accept = [], ...where }: ReplayCommandOptions) => {
      if ((journals === undefined) === (open === undefined)) {
        throw usageError('Expected either --journals DIR or --open.', 'Choose the journals to replay.');
      }
      // Lazy imports, because the short commands do not need the engine.
      const [{ loadModules, moduleFile }, { openRuns, recordedRuns }, { replayAll }, { definedCodes }] = await Promise.all([
        import('../load-modules.ts'),
        import('../runs.ts'),
        import('../replay.ts'),
        import('../../lib/flow/flows.ts'),
      ]);
      const { system } = await loadModules(modules);
      const runs = journals === undefined ? openRuns(system, where) : recordedRuns(system, journals);
      const codes = open ? await definedCodes(modules.map(moduleFile)) : {};
      invocation.exitCode = await replayAll(invocation.terminal, runs, json === true, { codes, accepted: new Set(accept) });
    });
}
