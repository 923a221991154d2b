import { InvalidArgumentError, Option, type Command } from 'commander';
import type { InstanceCount, Status } from '../../lib/client/describe.ts';
import type { CauseGroup } from '../../lib/client/operations/causes.ts';
import type { ListedInstance, ListRequest } from '../../lib/client/operations/operations.ts';
import { ofTenant } from '../../lib/client/instance.ts';
import { causeLines } from '../cause-lines.ts';
import { forkText, instanceTable, statusColor, waitText } from '../instance-table.ts';
import { usageError } from '../exit-code.ts';
import { countArgument, instantArgument } from '../arguments.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';

interface ListCommandOptions extends InstanceOptions {
  readonly process?: string;
  readonly status?: readonly (Status | 'paused')[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly unresolved?: true;
  readonly since?: string;
  readonly cause?: string;
  readonly where?: string;
  readonly group?: true;
  readonly count?: true;
  readonly limit: number;
}

const STATUSES: readonly (Status | 'paused')[] = ['paused', 'running', 'completed', 'failed', 'cancelled', 'terminated', 'stuck'];

export function addListCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('list'))
    .description('list instances, newest start first: process, id, status, start time (on a terminal: age), why')
    .option('--process <name>', 'only of this process')
    .addOption(new Option('--status <status...>', 'only with one of these statuses').choices(STATUSES))
    .option('--tag <k=v>', 'only with this tag; may be repeated', tagOption)
    .option('--unresolved', 'only with a command whose outcome is unknown')
    .option('--since <instant>', 'only started since this date, or within this age (30m, 2 days)')
    .option('--cause <cause>', 'only of this cause: a stuck code such as POISON, or a group of --group')
    .option('--where <filter>', "only with all of these terms, such as 'tag.region=eu waits:flights.book waited:>3h'")
    .option('--count', 'count them by process and status; --limit does not apply')
    .option('--group', 'count them by cause, with one example, the remedy and the next command; --limit does not apply')
    .option('--limit <n>', 'at most this many', countArgument, 100)
    .action(async (options: ListCommandOptions) => {
      const request = requestOf(options);
      await withOperations(invocation, options, async (operations) => {
        if (options.count) return printCounts(invocation.terminal, (await operations.counts(request)).counts, options.json === true);
        if (options.group) return printGroups(invocation.terminal, await operations.causes(request), options);
        const { instances } = await operations.list(request);
        printInstances(invocation.terminal, instances, options.json === true);
        if (instances.length === 0) invocation.terminal.message('No instance matches.');
        if (instances.length === options.limit)
          invocation.terminal.message(`Only the newest ${options.limit} are listed: raise --limit to list more.`);
        return undefined;
      });
    });
}

function requestOf({ process, status, tag, unresolved, since, cause, where, limit }: ListCommandOptions): ListRequest {
  return {
    limit,
    ...(process === undefined ? {} : { process }),
    ...statusesOf(status),
    ...(tag === undefined ? {} : { tag }),
    ...(unresolved === undefined ? {} : { unresolved }),
    ...(since === undefined ? {} : { since: instantArgument(since, Date.now()) }),
    ...(cause === undefined ? {} : { cause }),
    ...(where === undefined ? {} : { where }),
  };
}

/** A paused instance has a status of its own beside the pause, so a list of paused ones is a filter. */
function statusesOf(status: ListCommandOptions['status']): Pick<ListRequest, 'status' | 'paused'> {
  if (status === undefined) return {};
  if (!status.includes('paused')) return { status: status as readonly Status[] };
  if (status.length > 1)
    throw usageError('--status paused was given with another status.', 'Give it alone: a paused instance has a status too.');
  return { paused: true };
}

function printCounts(terminal: Terminal, counts: readonly InstanceCount[], json: boolean): void {
  for (const each of counts) {
    if (json) terminal.printJson(each);
    else
      terminal.print(`${each.process}  ${statusColor(terminal, each.status)(each.status.padEnd(10))} ${each.count}${each.more ? '+' : ''}`);
  }
  if (counts.length === 0) terminal.message('No instance matches.');
}

function printGroups(terminal: Terminal, { causes }: { readonly causes: readonly CauseGroup[] }, options: ListCommandOptions): void {
  for (const group of causes) {
    if (options.json) terminal.printJson(group);
    else terminal.print(...causeLines(terminal, group, options));
  }
  if (causes.length === 0) terminal.message('No instance matches.');
}

/** Prints a table on a terminal, and lines that a program can split into a pipe. */
function printInstances(terminal: Terminal, instances: readonly ListedInstance[], json: boolean): void {
  if (!json && terminal.isTerminal && instances.length > 0) return terminal.print(...instanceTable(terminal, instances, Date.now()));
  for (const instance of instances) {
    if (json) terminal.printJson(instance);
    else terminal.print(lineOf(terminal, instance));
  }
}

function lineOf(terminal: Terminal, { process, id, status, started, why, paused, original, ...whose }: ListedInstance): string {
  const shown = paused === undefined ? status : 'paused';
  const waits = paused === undefined ? '' : waitText(paused);
  return `${process} ${id}${ofTenant(whose)}  ${statusColor(terminal, shown)(shown.padEnd(10))} ${started}  ${terminal.colors.dim(`${why}${waits}${forkText(original)}`)}`;
}

function tagOption(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected k=v.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
