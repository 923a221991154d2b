import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Status } from '../../lib/client/describe.ts';
import type { ListedInstance, ListRequest } from '../../lib/client/operations/operations.ts';
import { ofTenant } from '../../lib/client/instance.ts';
import { instanceTable, statusColor } from '../instance-table.ts';
import { instantArgument } from '../instant-argument.ts';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';

interface ListCommandOptions extends InstanceOptions {
  readonly process?: string;
  readonly status?: readonly Status[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly unresolved?: true;
  readonly since?: string;
  readonly limit: number;
}

const STATUSES: readonly Status[] = ['running', 'completed', 'failed', 'cancelled', 'terminated', 'stuck'];

export function addListCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('list'))
    .description('list instances, the newest start first: process, id, status, started (on a terminal its age), why')
    .option('--process <name>', 'of this process')
    .addOption(new Option('--status <status...>', 'in one of these states').choices(STATUSES))
    .option('--tag <k=v>', 'with this tag; may be given more than once', tagOption)
    .option('--unresolved', 'with a command whose outcome nobody knows')
    .option('--since <instant>', 'started since this date, or this long ago (30m, 2 days)')
    .option('--limit <n>', 'at most this many', countOption, 100)
    .action(async (options: ListCommandOptions) => {
      const request = requestOf(options);
      await withActs(invocation, options, async (acts) => {
        const { instances } = await acts.list(request);
        printInstances(invocation.terminal, instances, options.json === true);
        if (instances.length === 0) invocation.terminal.message('No instance fits.');
        if (instances.length === options.limit) invocation.terminal.message(`Only the newest ${options.limit}: --limit shows more.`);
      });
    });
}

function requestOf({ process, status, tag, unresolved, since, limit }: ListCommandOptions): ListRequest {
  return {
    limit,
    ...(process === undefined ? {} : { process }),
    ...(status === undefined ? {} : { status }),
    ...(tag === undefined ? {} : { tag }),
    ...(unresolved === undefined ? {} : { unresolved }),
    ...(since === undefined ? {} : { since: instantArgument(since, Date.now()) }),
  };
}

/** A table for a person; lines that a program can split for a pipe. */
function printInstances(terminal: Terminal, instances: readonly ListedInstance[], json: boolean): void {
  if (!json && terminal.isTerminal && instances.length > 0) return terminal.print(...instanceTable(terminal, instances, Date.now()));
  for (const instance of instances) {
    if (json) terminal.printJson(instance);
    else terminal.print(lineOf(terminal, instance));
  }
}

function lineOf(terminal: Terminal, { process, id, status, started, why, ...whose }: ListedInstance): string {
  return `${process} ${id}${ofTenant(whose)}  ${statusColor(terminal, status)(status.padEnd(10))} ${started}  ${terminal.colors.dim(why)}`;
}

function tagOption(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected k=v.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function countOption(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return count;
}
