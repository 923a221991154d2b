import type { Command } from 'commander';
import { hold } from '../whole-scope.ts';
import { addInstanceOptions, type Invocation, type InstanceOptions } from '../invocation.ts';

/** `tutti holds`: the pauses that `--process` and `--service` of pause have begun. */
export function addHoldsCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('holds'))
    .description('list the pauses of whole processes and services: operator, time, reason, and how much each holds')
    .action((options: InstanceOptions) => hold(invocation, options, { do: 'list' }));
}
