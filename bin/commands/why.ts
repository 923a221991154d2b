import type { Command } from 'commander';
import { addWhereOptions, withActs, type Invocation, type WhereOptions } from '../invocation.ts';

export function addWhyCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('why'))
    .description('one line: what an instance waits for, since when, what wakes it next, where its command is')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .action(async (process: string, id: string, options: WhereOptions) => {
      await withActs(invocation, options, async (acts) => {
        const why = await acts.why({ process, id });
        if (options.json) invocation.terminal.printJson(why);
        else invocation.terminal.print(`${process} ${id} ${why.why}${parkedText(why.parked, why.parkedReasons)}`);
      });
    });
}

function parkedText(parked: number | undefined, reasons: Readonly<Record<string, number>> = {}): string {
  if (parked === undefined) return '';
  const counts = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  const which = counts.length === 0 ? '' : `: ${counts.join(', ')}`;
  return `; ${parked} ${parked === 1 ? 'event is' : 'events are'} parked beside it${which}`;
}
