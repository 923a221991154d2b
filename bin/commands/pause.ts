import { Option, type Command } from 'commander';
import { addWhereFilter, namesFilter, operateAll, type WhereFilterOptions } from '../bulk-where.ts';
import type { PauseClock } from '../../lib/core/image.ts';
import { usageError } from '../exit-code.ts';
import { addScope, pauseAll, scopeOf, type ScopeOptions } from '../whole-scope.ts';
import { waitText } from '../instance-table.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface PauseCommandOptions extends InstanceOptions, WhereFilterOptions, ScopeOptions {
  readonly reason: string;
  readonly clock: PauseClock;
  readonly starts?: 'keep' | 'reject';
}

export function addPauseCommand(program: Command, invocation: Invocation): void {
  addScope(addWhereFilter(addInstanceOptions(program.command('pause'))), 'pause')
    .usage(
      '[options] --reason <text> <process> <id>\n       tutti pause [options] --reason <text> --where <filter>\n       tutti pause [options] --reason <text> --process <name> | --service <name>',
    )
    .description('pause an instance, a process or a service: events are kept, and nothing is decided or sent until tutti resume')
    .argument('[process]', 'name of the process')
    .argument('[id]', 'id of the instance')
    .requiredOption('--reason <text>', 'required; journaled with the name of the operator')
    .addOption(
      new Option('--clock <clock>', 'stop: timers and limits keep their remaining time; run: they go on')
        .choices(['stop', 'run'])
        .default('stop'),
    )
    .addOption(
      new Option('--starts <starts>', 'with --process or --service: keep: new starts wait for the end; reject: they are refused').choices([
        'keep',
        'reject',
      ]),
    )
    .action(async (process: string = '', id: string = '', { clock, starts, ...options }: PauseCommandOptions) => {
      const { reason } = options;
      const scope = scopeOf(`${process}${options.where ?? ''}`, options);
      if (scope) return pauseAll(invocation, options, { do: 'pause', scope, reason, clock, ...(starts && { starts }) });
      if (starts !== undefined) throw usageError('--starts is about a whole process or service.', 'Add --process or --service.');
      if (namesFilter(process, id, options)) return operateAll(invocation, 'pause', options, { clock });
      await withOperations(invocation, options, async (operations) => {
        const { status, paused } = await operations.pause({ process, id, reason, clock });
        if (options.json) invocation.terminal.printJson({ process, id, status, ...(paused && { paused }) });
        else invocation.terminal.print(paused === undefined ? status : `paused by ${paused.by}: ${paused.reason}${waitText(paused)}`);
      });
    });
}
