import type { Command } from 'commander';
import { countArgument } from '../arguments.ts';
import { resumeCause } from '../resume-cause.ts';
import { usageError } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface ResumeCommandOptions extends InstanceOptions {
  readonly version?: number;
  readonly skip?: string;
  readonly reason?: string;
  readonly cause?: string;
  readonly yes?: true;
}

export function addResumeCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('resume'))
    .usage('[options] <process> <id>\n       tutti resume [options] --cause <cause> [process]')
    .description('resume a stuck or paused instance and print its new status; with --cause, resume all stuck instances of a cause')
    .argument('[process]', 'name of the process')
    .argument('[id]', 'id of the instance')
    .option('--version <n>', 'migrate the run to this version of its process', countArgument)
    .option('--skip <step>', 'path of an undo or a compensation to skip, because an operator has done it by hand')
    .option('--reason <text>', 'journaled with the name of the operator')
    .option('--cause <cause>', 'all stuck instances of this cause: a code such as POISON, or a group of tutti list --group')
    .option('--yes', 'with --cause: resume them; without it, only count them')
    .action(async (process: string | undefined, id: string | undefined, options: ResumeCommandOptions) => {
      const { version, skip, reason, cause } = options;
      if (cause !== undefined) {
        if (id !== undefined || skip !== undefined)
          throw usageError(`--cause was given with ${id === undefined ? '--skip' : 'an id'}.`, 'Give either an instance or a cause.');
        await withOperations(invocation, options, (operations) =>
          resumeCause(invocation.terminal, operations, { ...options, cause, ...(process === undefined ? {} : { process }) }),
        );
        return;
      }
      if (process === undefined || id === undefined)
        throw usageError('No instance was named.', 'Name its process and its id, or a cause with --cause.');
      await withOperations(invocation, options, async (operations) => {
        const { status } = await operations.resume({
          process,
          id,
          ...(version === undefined ? {} : { version }),
          ...(skip === undefined ? {} : { skip }),
          ...(reason === undefined ? {} : { reason }),
        });
        if (options.json) invocation.terminal.printJson({ process, id, status });
        else invocation.terminal.print(status);
      });
    });
}
