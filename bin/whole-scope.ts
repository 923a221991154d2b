import type { Command } from 'commander';
import type { ListedHold, HoldOperation } from '../lib/client/operations/operations.ts';
import type { NamedScope } from '../lib/client/holds.ts';
import { usageError } from './exit-code.ts';
import { withOperations, type Invocation, type InstanceOptions } from './invocation.ts';
import type { Terminal } from './terminal.ts';

/** The options of `tutti pause` and `tutti resume` that name a whole process or service in place of an instance. */
export interface ScopeOptions {
  readonly process?: string | undefined;
  readonly service?: string | undefined;
}

export function addScope(command: Command, act: string): Command {
  return command
    .option('--process <name>', `${act} a whole process: all of its instances and starts`)
    .option('--service <name>', `${act} a service: the instances that are about to send a command to it`);
}

/** The process or service that the options name; undefined without them. */
export function scopeOf(named: string, { process, service }: ScopeOptions): NamedScope | undefined {
  if (process === undefined && service === undefined) return undefined;
  if (named !== '' || (process !== undefined && service !== undefined))
    throw usageError('Several things were named.', 'Give an instance, --process, --service or --where, and only one of them.');
  return process === undefined ? { service: service as string } : { process };
}

/** Does it, and prints what is paused. */
export async function hold(invocation: Invocation, options: InstanceOptions, request: HoldOperation): Promise<void> {
  const { terminal } = invocation;
  await withOperations(invocation, options, async (operations) => {
    const { holds = [] } = await operations.holds(request);
    for (const each of holds) {
      if (options.json) terminal.printJson(each);
      else terminal.print(holdLine(terminal, each));
    }
    if (holds.length === 0) terminal.message('No process and no service is paused.');
  });
}

/** Prints how far a pause would reach, and begins it with `--yes`. */
export async function pauseAll(
  invocation: Invocation,
  options: InstanceOptions & { readonly yes?: true },
  request: Extract<HoldOperation, { do: 'pause' }>,
): Promise<void> {
  if (options.yes) return hold(invocation, options, request);
  const { terminal } = invocation;
  await withOperations(invocation, options, async (operations) => {
    const { preview = { instances: 0 } } = await operations.holds({ do: 'preview', scope: request.scope });
    if (options.json) return terminal.printJson({ ...request.scope, ...preview });
    const count = `${preview.more ? 'more than ' : ''}${preview.instances}`;
    const whose =
      request.scope.process === undefined ? 'running instances wait for a reply of it now' : 'open instances, and each new start';
    terminal.print(`A pause of ${scopeWords(request.scope)} would reach ${count} ${whose}.`);
    terminal.message('Nothing was done. Repeat with --yes to do it.');
    return undefined;
  });
}

function scopeWords({ process, service }: ScopeOptions): string {
  return process === undefined ? `the service ${service ?? ''}` : `the process ${process}`;
}

function holdLine(terminal: Terminal, each: ListedHold): string {
  const { since, by, reason, clock, refusesStarts, instances, starts } = each;
  const held = `${instances} ${instances === 1 ? 'instance' : 'instances'} and ${starts} ${starts === 1 ? 'start' : 'starts'} held`;
  return `${scopeWords(each)}  paused since ${since} by ${by}: ${reason}  ${terminal.colors.dim(`${held}${clock === 'run' ? ', while their clocks run' : ''}${refusesStarts ? ', new starts are refused' : ''}`)}`;
}
