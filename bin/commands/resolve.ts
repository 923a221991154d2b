import type { Command } from 'commander';
import type { Json } from '../../lib/contract/schema.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { jsonArgument } from '../arguments.ts';
import { usageError } from '../exit-code.ts';

interface ResolveCommandOptions extends InstanceOptions {
  readonly output?: string;
  readonly failure?: string;
  readonly reason: string;
}

export function addResolveCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('resolve'))
    .usage('[options] (--output <json> | --failure <json>) --reason <text> <process> <id> <step>')
    .description('record the outcome of a command whose outcome is unknown; prints the new status')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .argument('<step>', 'path of the step, or id of the command')
    .option('--output <json>', 'the command has run, with this output, or @FILE')
    .option('--failure <json>', 'the command has not run: { "type": …, "message"?: …, "data"?: … }, or @FILE')
    .requiredOption('--reason <text>', 'required; how the outcome is known, journaled with the name of the operator')
    .action(async (process: string, id: string, step: string, options: ResolveCommandOptions) => {
      const outcome = outcomeOf(options);
      await withOperations(invocation, options, async (operations) => {
        const { status } = await operations.resolve({ process, id, step, reason: options.reason, ...outcome });
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
      output === undefined ? 'No outcome was given.' : 'Both --output and --failure were given.',
      'Give --output if the command has run, and --failure if it has not.',
    );
  const said = jsonArgument(failure) as { readonly type?: Json; readonly message?: Json; readonly data?: Json } | null;
  const { type, message, data } = said ?? {};
  if (typeof type !== 'string' || (message !== undefined && typeof message !== 'string'))
    throw usageError(
      `--failure ${failure} is not a failure: expected an object with a type.`,
      'Write { "type": "…", "message"?: "…", "data"?: … }.',
    );
  return { failure: { type, ...(message === undefined ? {} : { message }), ...(data === undefined ? {} : { data }) } };
}
