import { InvalidArgumentError, type Command } from 'commander';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';

interface ResumeCommandOptions extends InstanceOptions {
  readonly version?: number;
  readonly skip?: string;
}

export function addResumeCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('resume'))
    .description('let a stuck instance go on; prints its new status')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .option('--version <n>', 'move it to this version of its process', versionOption)
    .option('--skip <step>', 'path of an undo or a compensation that somebody dealt with')
    .action(async (process: string, id: string, { version, skip, ...options }: ResumeCommandOptions) => {
      await withActs(invocation, options, async (acts) => {
        const { status } = await acts.resume({
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

function versionOption(text: string): number {
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return version;
}
