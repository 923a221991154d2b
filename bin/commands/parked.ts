import { InvalidArgumentError, type Command } from 'commander';
import type { ListedParked, ParkedRequest } from '../../lib/client/operations/operations.ts';
import { instantArgument } from '../instant-argument.ts';
import { addTenantOption, addWhereOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import { parkedLine, parkedTable } from '../parked-table.ts';
import type { Terminal } from '../terminal.ts';
import { usageError } from '../usage-error.ts';

interface ParkedCommandOptions extends ParkedChoice, InstanceOptions {
  readonly limit: number;
}

/** Which parked events a command means. */
export interface ParkedChoice {
  readonly reason?: string;
  readonly type?: string;
  readonly since?: string;
  readonly olderThan?: string;
}

export function addParkedCommand(program: Command, invocation: Invocation): void {
  addChoiceOptions(addWhereOptions(program.command('parked')))
    .description(
      'list parked events, the oldest first: age, instance, reason, event, detail; docs/errors.md says of each reason what to do',
    )
    .argument('[process]', 'with an id: only beside this instance')
    .argument('[id]', 'id of the instance')
    .option('--limit <n>', 'at most this many', countOption, 100)
    .action(async (process: string | undefined, id: string | undefined, options: ParkedCommandOptions) => {
      const request = { ...instanceOf(process, id), ...choiceOf(options, Date.now()), limit: options.limit };
      await withActs(invocation, options, async (acts) => {
        const { events, next } = await acts.parked(request);
        printParked(invocation.terminal, events, options.json === true);
        if (events.length === 0) invocation.terminal.message('No parked event fits.');
        if (next !== undefined) invocation.terminal.message(`Only the oldest ${options.limit}: --limit shows more.`);
      });
    });
}

export function addChoiceOptions(command: Command): Command {
  return addTenantOption(
    command,
    'with an instance: its tenant (default: "default"); else beside instances of this tenant (default: of all)',
  )
    .option('--reason <code>', 'parked for this reason, such as DEAD_LETTER')
    .option('--type <type>', 'with an event of this type')
    .option('--since <instant>', 'parked since this date, or this long ago (30m, 2 days)')
    .option('--older-than <instant>', 'parked before this date, or longer ago than this');
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

/** A table for a person; lines that a program can split for a pipe. */
function printParked(terminal: Terminal, events: readonly ListedParked[], json: boolean): void {
  if (!json && terminal.isTerminal && events.length > 0) return terminal.print(...parkedTable(terminal, events, Date.now()));
  for (const event of events) {
    if (json) terminal.printJson(event);
    else terminal.print(parkedLine(event));
  }
}

function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return count;
}
