import type { Command } from 'commander';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';

interface TerminateCommandOptions extends InstanceOptions {
  readonly reason: string;
}

export function addTerminateCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('terminate'))
    .usage('[options] --reason <text> <process> <id>')
    .description('end an instance at once and undo nothing; prints its new status')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .requiredOption('--reason <text>', 'required: it is journaled with the name of the operator')
    .action(async (process: string, id: string, options: TerminateCommandOptions) => {
      await withActs(invocation, options, async (acts) => {
        const { status } = await acts.terminate({ process, id, reason: options.reason });
        if (options.json) invocation.terminal.printJson({ process, id, status });
        else invocation.terminal.print(status);
      });
    });
}
