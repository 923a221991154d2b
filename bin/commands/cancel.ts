import type { Command } from 'commander';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface CancelCommandOptions extends InstanceOptions {
  readonly reason: string;
}

export function addCancelCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('cancel'))
    .usage('[options] --reason <text> <process> <id>')
    .description('undo the completed steps of an instance, then end it; prints its new status')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .action(async (process: string, id: string, options: CancelCommandOptions) => {
      await withOperations(invocation, options, async (operations) => {
        const { status } = await operations.cancel({ process, id, reason: options.reason });
        if (options.json) invocation.terminal.printJson({ process, id, status });
        else invocation.terminal.print(status === 'running' ? 'being cancelled' : status);
      });
    });
}
