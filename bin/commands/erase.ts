import type { Command } from 'commander';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface EraseCommandOptions extends InstanceOptions {
  readonly reason: string;
  readonly abandonUndos?: true;
}

export function addEraseCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('erase'))
    .description('erase the data of an instance that has ended; its id, its status, its times and the reason stay')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .option('--abandon-undos', 'erase the instance even if a late success of a command could then not be undone')
    .action(async (process: string, id: string, options: EraseCommandOptions) => {
      await withOperations(invocation, options, async (operations) => {
        const { status } = await operations.erase({ process, id, reason: options.reason, ...(options.abandonUndos && { abandon: true }) });
        if (options.json) return invocation.terminal.printJson({ process, id, status, erased: true });
        invocation.terminal.print(`erased; ${status}`);
      });
    });
}
