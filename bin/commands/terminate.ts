import type { Command } from 'commander';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface TerminateCommandOptions extends InstanceOptions {
  readonly reason: string;
}

export function addTerminateCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('terminate'))
    .usage('[options] --reason <text> <process> <id>')
    .description('end an instance at once without undoing its steps; prints its new status, and each completed command that stays done')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .action(async (process: string, id: string, options: TerminateCommandOptions) => {
      await withOperations(invocation, options, async (operations) => {
        const { status, standing } = await operations.terminate({ process, id, reason: options.reason });
        if (options.json) return invocation.terminal.printJson({ process, id, status, standing });
        invocation.terminal.print(
          status,
          ...standing.map(({ step, command, commandId }) => `stays done: ${command} (${step}), ${commandId}`),
        );
      });
    });
}
