import type { Command } from 'commander';
import { addWhereFilter, namesFilter, operateAll, type WhereFilterOptions } from '../bulk-where.ts';
import { countArgument } from '../arguments.ts';
import { resumeCause } from '../resume-cause.ts';
import { usageError } from '../exit-code.ts';
import { addScope, hold, scopeOf, type ScopeOptions } from '../whole-scope.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface ResumeCommandOptions extends InstanceOptions, WhereFilterOptions, ScopeOptions {
  readonly version?: number;
  readonly skip?: string;
  readonly cause?: string;
}

export function addResumeCommand(program: Command, invocation: Invocation): void {
  addScope(addWhereFilter(addInstanceOptions(program.command('resume'))), 'resume')
    .usage(
      '[options] <process> <id>\n       tutti resume [options] --cause <cause> [process]\n       tutti resume [options] --reason <text> --where <filter>\n       tutti resume [options] --process <name> | --service <name>',
    )
    .description('resume a stuck or paused instance and print its new status; with --cause, resume all stuck instances of a cause')
    .argument('[process]', 'name of the process')
    .argument('[id]', 'id of the instance')
    .option('--version <n>', 'migrate the run to this version of its process', countArgument)
    .option('--skip <step>', 'path of an undo or a compensation to skip, because an operator has done it by hand')
    .option('--reason <text>', 'journaled with the name of the operator')
    .option('--cause <cause>', 'all stuck instances of this cause: a code such as POISON, or a group of tutti list --group')
    .action(async (process: string = '', id: string = '', options: ResumeCommandOptions) => {
      const { version, skip, reason, cause, process: whole, service, ...others } = options;
      const scope = scopeOf(`${process}${cause ?? ''}${options.where ?? ''}`, { process: whole, service });
      if (scope) return hold(invocation, options, { do: 'resume', scope, ...(reason !== undefined && { reason }) });
      if (cause !== undefined) {
        if (id !== '' || skip !== undefined)
          throw usageError(`--cause was given with ${id === '' ? '--skip' : 'an id'}.`, 'Give either an instance or a cause.');
        await withOperations(invocation, options, (operations) =>
          resumeCause(invocation.terminal, operations, { ...others, cause, ...(process === '' ? {} : { process }) }),
        );
        return;
      }
      if (namesFilter(process, id, options)) return operateAll(invocation, 'resume', options, version === undefined ? {} : { version });
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
