import type { Command } from 'commander';
import type { WhyResponse } from '../../lib/client/operations/operations.ts';
import { ofTenant } from '../../lib/client/instance.ts';
import { waitText } from '../instance-table.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

export function addWhyCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('why'))
    .description('print what an instance waits for, one line each: since when, what wakes it next, where its command is')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .action(async (process: string, id: string, options: InstanceOptions) => {
      await withOperations(invocation, options, async (operations) => {
        const why = await operations.why({ process, id });
        if (options.json) invocation.terminal.printJson(why);
        else for (const line of longForm(`${process} ${id}${ofTenant(why)}`, why)) invocation.terminal.print(line);
      });
    });
}

/** Prints one line for each thing that the instance waits for. */
function longForm(name: string, { why, lines = [], parked, parkedReasons, paused }: WhyResponse): string[] {
  const last = paused === undefined ? parkedText(parked, parkedReasons) : waitText(paused);
  if (lines.length < 2) return [`${name} ${why}${last}`];
  return lines.map((line, at) => `${at === 0 ? name : ' '.repeat(name.length)} ${line}${at === lines.length - 1 ? last : ''}`);
}

function parkedText(parked: number | undefined, reasons: Readonly<Record<string, number>> = {}): string {
  if (parked === undefined) return '';
  const counts = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  const which = counts.length === 0 ? '' : `: ${counts.join(', ')}`;
  return `; ${parked} ${parked === 1 ? 'event is' : 'events are'} parked${which}`;
}
