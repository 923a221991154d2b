import type { Command } from 'commander';
import { addWhereFilter, namesFilter, operateAll, type WhereFilterOptions } from '../bulk-where.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface CancelCommandOptions extends InstanceOptions, WhereFilterOptions {
  readonly reason: string;
}

export function addCancelCommand(program: Command, invocation: Invocation): void {
  addWhereFilter(addInstanceOptions(program.command('cancel')))
    .usage('[options] --reason <text> <process> <id>\n       tutti cancel [options] --reason <text> --where <filter>')
    .description('undo the completed steps of an instance, or of all that fit a filter, then end it; prints its new status')
    .argument('[process]', 'name of the process')
    .argument('[id]', 'id of the instance')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .action(async (process: string = '', id: string = '', options: CancelCommandOptions) => {
      if (namesFilter(process, id, options)) return operateAll(invocation, 'cancel', options);
      await withOperations(invocation, options, async (operations) => {
        const { status } = await operations.cancel({ process, id, reason: options.reason });
        if (options.json) invocation.terminal.printJson({ process, id, status });
        else invocation.terminal.print(status === 'running' ? 'being cancelled' : status);
      });
    });
}
