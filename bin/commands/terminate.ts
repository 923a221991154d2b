import type { Command } from 'commander';
import { addWhereFilter, namesFilter, operateAll, type WhereFilterOptions } from '../bulk-where.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface TerminateCommandOptions extends InstanceOptions, WhereFilterOptions {
  readonly reason: string;
}

export function addTerminateCommand(program: Command, invocation: Invocation): void {
  addWhereFilter(addInstanceOptions(program.command('terminate')))
    .usage('[options] --reason <text> <process> <id>\n       tutti terminate [options] --reason <text> --where <filter>')
    .description('end an instance at once without undoing its steps; prints its new status, and each completed command that stays done')
    .argument('[process]', 'name of the process')
    .argument('[id]', 'id of the instance')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .action(async (process: string = '', id: string = '', options: TerminateCommandOptions) => {
      if (namesFilter(process, id, options)) return operateAll(invocation, 'terminate', options);
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
