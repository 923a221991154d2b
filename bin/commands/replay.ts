import type { Command } from 'commander';
import { addWhereOptions, type Invocation, type WhereOptions } from '../invocation.ts';
import { usageError } from '../usage-error.ts';

interface ReplayCommandOptions extends WhereOptions {
  readonly journals?: string;
  readonly open?: true;
}

export function addReplayCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('replay'))
    .description('replay recorded journals, or those of open instances, on this code; prints what differs (exit 1)')
    .argument('<module...>', 'modules that export the system')
    .option('--journals <dir>', 'the folder of recorded journals, *.json')
    .option('--open', 'the open instances of the deployed system, or of the folder while no tutti dev runs there')
    .action(async (modules: readonly string[], { journals, open, json, ...where }: ReplayCommandOptions) => {
      if ((journals === undefined) === (open === undefined)) {
        throw usageError('Expected either --journals DIR or --open.', 'Say which journals are to be replayed.');
      }
      // Imported here, so that the short commands start without the engine.
      const [{ loadModules }, { openRuns, recordedRuns }, { replayAll }] = await Promise.all([
        import('../load-modules.ts'),
        import('../runs.ts'),
        import('../replay.ts'),
      ]);
      const { system } = await loadModules(modules);
      const runs = journals === undefined ? openRuns(system, where) : recordedRuns(system, journals);
      invocation.exitCode = await replayAll(invocation.terminal, runs, json === true);
    });
}
