import type { Command } from 'commander';
import { countArgument } from '../arguments.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface ResumeCommandOptions extends InstanceOptions {
  readonly version?: number;
  readonly skip?: string;
}

export function addResumeCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('resume'))
    .description('resume a stuck instance; prints its new status')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .option('--version <n>', 'migrate the run to this version of its process', countArgument)
    .option('--skip <step>', 'path of an undo or a compensation to skip, because an operator has done it by hand')
    .action(async (process: string, id: string, { version, skip, ...options }: ResumeCommandOptions) => {
      await withOperations(invocation, options, async (operations) => {
        const { status } = await operations.resume({
          process,
          id,
          ...(version === undefined ? {} : { version }),
          ...(skip === undefined ? {} : { skip }),
        });
        if (options.json) invocation.terminal.printJson({ process, id, status });
        else invocation.terminal.print(status);
      });
    });
}
