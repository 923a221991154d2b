import type { Command } from 'commander';
import type { ListedParked, Operations } from '../../lib/client/operations/operations.ts';
import { REDRIVEN_AT_A_TIME } from '../../lib/client/parked.ts';
import { EXIT, type ExitCode, usageError } from '../exit-code.ts';
import { addWhereOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { allParked, printParkedCount } from '../parked-table.ts';
import type { Terminal } from '../terminal.ts';
import { addChoiceOptions, choiceOf, instanceOf, type ParkedChoice } from './parked.ts';

interface DiscardCommandOptions extends ParkedChoice, InstanceOptions {
  readonly because?: string;
  readonly yes?: true;
}

export function addDiscardCommand(program: Command, invocation: Invocation): void {
  addChoiceOptions(addWhereOptions(program.command('discard')))
    .usage('[options] --reason <code> [--because <text> --yes] [process] [id]')
    .description('take parked events that must never be applied out of the lists; without --yes, only count them')
    .argument('[process]', 'with an id: only events of this instance')
    .argument('[id]', 'id of the instance')
    .option('--because <text>', 'required with --yes; kept with the events and the name of the operator')
    .option('--yes', 'discard them')
    .action(async (process: string | undefined, id: string | undefined, options: DiscardCommandOptions) => {
      const { reason, because } = options;
      if (reason === undefined)
        throw usageError('discard was given no --reason.', 'Name the reason of the events, such as --reason MALFORMED.');
      if (options.yes && because === undefined)
        throw usageError('discard was given no --because.', 'Say why the events must never be applied.');
      const request = { ...instanceOf(process, id), ...choiceOf(options, Date.now()) };
      await withOperations(invocation, options, async (operations) => {
        const events = await allParked(operations, request);
        printParkedCount(invocation.terminal, events, options.json === true);
        if (events.length === 0) return EXIT.done;
        if (options.yes && because !== undefined)
          return discardAll(invocation.terminal, operations, { events, because, json: options.json === true });
        invocation.terminal.message('Nothing was discarded. Repeat with --because <text> --yes to discard them.');
        return EXIT.done;
      });
    });
}

interface DiscardAll {
  readonly events: readonly ListedParked[];
  readonly because: string;
  readonly json: boolean;
}

async function discardAll(terminal: Terminal, operations: Operations, { events, because, json }: DiscardAll): Promise<ExitCode> {
  let discarded = 0;
  let left = 0;
  for (let from = 0; from < events.length; from += REDRIVEN_AT_A_TIME) {
    const some = events.slice(from, from + REDRIVEN_AT_A_TIME).map(({ key }) => key);
    const answer = await operations.discard({ events: some, reason: because });
    discarded += answer.discarded;
    left += answer.left;
    if (json) terminal.printJson({ discarded, left, of: events.length });
    else terminal.print(`${discarded} of ${events.length} discarded${left > 0 ? `, ${left} stay parked` : ''}`);
  }
  return left > 0 ? EXIT.bad : EXIT.done;
}
