import type { Command } from 'commander';
import type { Json } from '../../lib/contract/schema.ts';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import { jsonArgument } from '../json-argument.ts';
import { usageError } from '../usage-error.ts';

interface ResolveCommandOptions extends InstanceOptions {
  readonly output?: string;
  readonly failure?: string;
  readonly reason: string;
}

export function addResolveCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('resolve'))
    .usage('[options] (--output <json> | --failure <json>) --reason <text> <process> <id> <step>')
    .description('record the outcome of a command that somebody found out; prints the new status')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .argument('<step>', 'path of the step, or id of the command')
    .option('--output <json>', 'it has happened, with this output, or @FILE')
    .option('--failure <json>', 'it has not happened: { "type": …, "message"?: …, "data"?: … }, or @FILE')
    .requiredOption('--reason <text>', 'how it is known; required: it is journaled with the name of the operator')
    .action(async (process: string, id: string, step: string, options: ResolveCommandOptions) => {
      const outcome = outcomeOf(options);
      await withActs(invocation, options, async (acts) => {
        const { status } = await acts.resolve({ process, id, step, reason: options.reason, ...outcome });
        if (options.json) invocation.terminal.printJson({ process, id, status });
        else invocation.terminal.print(status);
      });
    });
}

type Outcome = { readonly output: Json } | { readonly failure: { readonly type: string; readonly message?: string; readonly data?: Json } };

function outcomeOf({ output, failure }: ResolveCommandOptions): Outcome {
  if (output !== undefined && failure === undefined) return { output: jsonArgument(output) };
  if (output !== undefined || failure === undefined)
    throw usageError(
      output === undefined ? 'There is no outcome.' : 'Both --output and --failure were given.',
      'Give --output where it has happened, and --failure where it has not.',
    );
  const said = jsonArgument(failure) as { readonly type?: Json; readonly message?: Json; readonly data?: Json } | null;
  const { type, message, data } = said ?? {};
  if (typeof type !== 'string' || (message !== undefined && typeof message !== 'string'))
    throw usageError(`--failure is ${failure}.`, 'Write { "type": "…", "message"?: "…", "data"?: … }.');
  return { failure: { type, ...(message === undefined ? {} : { message }), ...(data === undefined ? {} : { data }) } };
}
