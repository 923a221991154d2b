import type { Command } from 'commander';
import type { ListedParked, ParkedRequest } from '../../lib/client/operations/operations.ts';
import { countArgument, instantArgument } from '../arguments.ts';
import { addTenantOption, addWhereOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { parkedLine, parkedTable } from '../parked-table.ts';
import type { Terminal } from '../terminal.ts';
import { usageError } from '../exit-code.ts';

interface ParkedCommandOptions extends ParkedChoice, InstanceOptions {
  readonly limit: number;
}

/** Filters for parked events. */
export interface ParkedChoice {
  readonly reason?: string;
  readonly type?: string;
  readonly since?: string;
  readonly olderThan?: string;
}

export function addParkedCommand(program: Command, invocation: Invocation): void {
  addChoiceOptions(addWhereOptions(program.command('parked')))
    .description('list parked events, oldest first: age, instance, reason, event, detail; docs/errors.md has the remedy for each reason')
    .argument('[process]', 'with an id: only events of this instance')
    .argument('[id]', 'id of the instance')
    .option('--limit <n>', 'at most this many', countArgument, 100)
    .action(async (process: string | undefined, id: string | undefined, options: ParkedCommandOptions) => {
      const request = { ...instanceOf(process, id), ...choiceOf(options, Date.now()), limit: options.limit };
      await withOperations(invocation, options, async (operations) => {
        const { events, next } = await operations.parked(request);
        printParked(invocation.terminal, events, options.json === true);
        if (events.length === 0) invocation.terminal.message('No parked event matches.');
        if (next !== undefined) invocation.terminal.message(`Only the oldest ${options.limit} are listed: raise --limit to list more.`);
      });
    });
}

export function addChoiceOptions(command: Command): Command {
  return addTenantOption(
    command,
    'with an instance: its tenant (default: "default"); else only events of this tenant (default: of all tenants)',
  )
    .option('--reason <code>', 'only parked for this reason, such as DEAD_LETTER')
    .option('--type <type>', 'only events of this type')
    .option('--since <instant>', 'only parked since this date, or within this age (30m, 2 days)')
    .option('--older-than <instant>', 'only parked before this date, or longer ago than this age');
}

export function choiceOf({ reason, type, since, olderThan }: ParkedChoice, now: number): Omit<ParkedRequest, 'limit'> {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { since: instantArgument(since, now) }),
    ...(olderThan === undefined ? {} : { before: instantArgument(olderThan, now) }),
  };
}

export function instanceOf(process: string | undefined, id: string | undefined): Pick<ParkedRequest, 'process' | 'id'> {
  if (process === undefined) return {};
  if (id === undefined) throw usageError(`The process ${process} was given without an id.`, 'Name the instance: its process and its id.');
  return { process, id };
}

/** Prints a table on a terminal, and lines that a program can split into a pipe. */
function printParked(terminal: Terminal, events: readonly ListedParked[], json: boolean): void {
  if (!json && terminal.isTerminal && events.length > 0) return terminal.print(...parkedTable(terminal, events, Date.now()));
  for (const event of events) {
    if (json) terminal.printJson(event);
    else terminal.print(parkedLine(event));
  }
}
