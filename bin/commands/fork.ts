import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Json } from '../../lib/contract/schema.ts';
import type { ForkPreview } from '../../lib/client/fork.ts';
import type { ForkRequestOfOperator } from '../../lib/client/operations/operations.ts';
import { countArgument, jsonArgument } from '../arguments.ts';
import { usageError } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

type Choice = 'adopt' | 'undo' | 'leave';

interface ForkCommandOptions extends InstanceOptions {
  readonly at: string;
  readonly reason?: string;
  readonly to?: string;
  readonly input?: Json;
  readonly version?: number;
  readonly events: 'all' | 'none' | readonly string[];
  readonly completed?: Choice;
  readonly adopt?: readonly string[];
  readonly undo?: readonly string[];
  readonly leave?: readonly string[];
  readonly supersede?: true;
  readonly plan?: true;
}

export function addForkCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('fork'))
    .usage('[options] --at <cut> --reason <text> <process> <id>')
    .description('go on from a step of an instance under a new id; what came before is adopted, and nothing is undone')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the original')
    .requiredOption('--at <cut>', 'path of a step, number of a journal entry, or start')
    .option('--reason <text>', 'required without --plan; journaled with the name of the operator')
    .option('--to <id>', 'id of the fork; else that of the original with ~f1, ~f2 and so on')
    .option('--input <json>', 'the input of the step at the cut, or of the process at start', jsonArgument)
    .option('--version <n>', 'the version of the process on which the fork goes on', countArgument)
    .option('--events <ids>', 'events after the cut that the fork receives: all, none, or ids with commas', eventsArgument, 'all')
    .addOption(
      new Option('--completed <choice>', 'for all steps that were completed after the cut and need a choice').choices([
        'adopt',
        'undo',
        'leave',
      ]),
    )
    .option('--adopt <step...>', 'steps whose output the fork takes over')
    .option('--undo <step...>', 'steps that are undone')
    .option('--leave <step...>', 'steps that stay as they are')
    .option('--supersede', 'end an open original, without undoing its steps')
    .option('--plan', 'print what the fork would do, and fork nothing')
    .action(async (process: string, id: string, options: ForkCommandOptions) => {
      const fork = requestOf(options);
      if (options.plan) {
        await withOperations(invocation, options, async (operations) => {
          const plan = await operations.previewFork({ process, id, ...fork });
          if (options.json) invocation.terminal.printJson({ process, id, ...plan });
          else for (const line of linesOf(plan)) invocation.terminal.print(line);
        });
        return;
      }
      const { reason } = options;
      if (reason === undefined) throw usageError('No reason was given.', 'Give it with --reason, or see the plan with --plan.');
      await withOperations(invocation, options, async (operations) => {
        const forked = await operations.fork({ process, id, ...fork, reason });
        if (options.json) invocation.terminal.printJson({ process, ...forked });
        else invocation.terminal.print(`forked as ${process} ${forked.id}`);
      });
    });
}

function eventsArgument(text: string): ForkCommandOptions['events'] {
  if (text === 'all' || text === 'none') return text;
  const ids = text.split(',').filter((each) => each !== '');
  if (ids.length === 0) throw new InvalidArgumentError('Expected all, none, or ids of events.');
  return ids;
}

function requestOf({ at, to, input, version, events, supersede, ...options }: ForkCommandOptions): ForkRequestOfOperator {
  return {
    at: /^\d+$/.test(at) ? Number(at) : at,
    events,
    ...(to !== undefined && { to }),
    ...(input !== undefined && { input }),
    ...(version !== undefined && { version }),
    ...(supersede && { supersede }),
    ...completedOf(options),
  };
}

function completedOf({
  completed,
  adopt = [],
  undo = [],
  leave = [],
}: Pick<ForkCommandOptions, 'completed' | 'adopt' | 'undo' | 'leave'>): Pick<ForkRequestOfOperator, 'completed'> {
  const named = [adopt.map((step) => [step, 'adopt']), undo.map((step) => [step, 'undo']), leave.map((step) => [step, 'leave'])].flat();
  if (named.length === 0) return completed === undefined ? {} : { completed };
  if (completed !== undefined)
    throw usageError('--completed was given with a choice for a step.', 'Give a choice for each step, or one for all.');
  return { completed: Object.fromEntries(named) as Readonly<Record<string, Choice>> };
}

function linesOf({ to, entries, later, events, refusals }: ForkPreview): string[] {
  return [
    `${to} adopts ${entries === 1 ? '1 entry' : `${entries} entries`} and receives ${events.length === 1 ? '1 event' : `${events.length} events`}`,
    ...later.map(
      ({ path, state, choice }) => `${path}  ${state}${state === 'undone' || state === 'adopted' ? '' : `, ${choiceText(state, choice)}`}`,
    ),
    ...refusals.map((refusal) => `refused: ${refusal}`),
  ];
}

function choiceText(state: string, choice: Choice | undefined): string {
  if (choice === undefined) return 'needs --adopt, --undo or --leave';
  if (state === 'open') return choice === 'undo' ? 'undone if it succeeds' : 'left';
  return { adopt: 'is adopted', undo: 'will be undone', leave: 'stays as it is' }[choice];
}
