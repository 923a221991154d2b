import type { Command } from 'commander';
import type { ListedInstance, Operations } from '../../lib/client/operations/operations.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { countArgument } from '../arguments.ts';
import { EXIT, usageError, type ExitCode } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface MoveCommandOptions extends InstanceOptions {
  readonly to: number;
  readonly all?: true;
  readonly reason?: string;
}

/** As many instances are moved at once. */
const AT_ONCE = 10;
const LISTED_MAX = 100_000;

export function addMoveCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('move'))
    .usage('[options] --to <n> <process> <id>\n       tutti move [options] --to <n> [--all] <process>')
    .description(
      'move a running instance to another version of its process, if its journal replays on it; without an id, count them, or move all',
    )
    .argument('<process>', 'name of the process')
    .argument('[id]', 'id of the instance')
    .requiredOption('--to <n>', 'the version on which it goes on', countArgument)
    .option('--all', 'every running instance of the process that is on another version; those that do not replay stay on theirs')
    .option('--reason <text>', 'journaled with the name of the operator')
    .action(async (process: string, id: string | undefined, options: MoveCommandOptions) => {
      if (id !== undefined && options.all) throw usageError('Expected an id or --all, not both.', 'Leave out one of them.');
      await withOperations(invocation, options, (operations) =>
        id === undefined ? moveAll(invocation, operations, process, options) : moveOne(invocation, operations, { process, id }, options),
      );
    });
}

async function moveOne(
  { terminal }: Invocation,
  operations: Operations,
  instance: { readonly process: string; readonly id: string },
  { to, reason, json }: MoveCommandOptions,
): Promise<void> {
  const { status } = await operations.move({ ...instance, version: to, ...(reason !== undefined && { reason }) });
  if (json) terminal.printJson({ ...instance, status, version: to });
  else terminal.print(`${status} on version ${to}`);
}

/** Moves each instance that replays on the version. Exit code 1 if one stays. */
async function moveAll(invocation: Invocation, operations: Operations, process: string, options: MoveCommandOptions): Promise<ExitCode> {
  const { terminal } = invocation;
  const { to, all, json } = options;
  const where = `-version:${to} -status:paused`;
  const { instances: others } = await operations.list({ process, status: ['running'], where, limit: LISTED_MAX });
  if (!all) {
    const what = `${others.length} running ${others.length === 1 ? 'instance is' : 'instances are'} on another version of ${process}`;
    if (json) terminal.printJson({ process, others: others.length });
    else terminal.print(others.length === 0 ? `${what}.` : `${what}: add --all to move what replays on version ${to}.`);
    return EXIT.done;
  }
  let moved = 0;
  for (let at = 0; at < others.length; at += AT_ONCE) {
    const results = await Promise.all(others.slice(at, at + AT_ONCE).map(async (each) => tryMove(invocation, operations, each, options)));
    moved += results.filter(Boolean).length;
  }
  const left = others.length - moved;
  terminal.message(`${moved} moved to version ${to}, ${left} ${left === 1 ? 'stays' : 'stay'}.`);
  return left > 0 ? EXIT.bad : EXIT.done;
}

/** A refusal of one instance does not end the moves of the others. */
async function tryMove(
  { terminal }: Invocation,
  operations: Operations,
  { process, id }: ListedInstance,
  { to, reason, json }: MoveCommandOptions,
): Promise<boolean> {
  try {
    await operations.move({ process, id, version: to, ...(reason !== undefined && { reason }) });
    if (json) terminal.printJson({ process, id, version: to });
    else terminal.print(`${terminal.colors.green('moved')}  ${process} ${id}`);
    return true;
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    if (json) terminal.printJson({ process, id, refused: error.message });
    else terminal.print(`${terminal.colors.red('stays')}  ${process} ${id}: ${error.message}`);
    return false;
  }
}
