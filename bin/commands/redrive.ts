import type { Command } from 'commander';
import type { Operations, ListedParked } from '../../lib/client/operations/operations.ts';
import { REDRIVEN_AT_A_TIME } from '../../lib/client/parked.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { addWhereOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { allParked, printParkedCount } from '../parked-table.ts';
import type { Terminal } from '../terminal.ts';
import { addChoiceOptions, choiceOf, instanceOf, type ParkedChoice } from './parked.ts';

interface RedriveCommandOptions extends ParkedChoice, InstanceOptions {
  readonly yes?: true;
}

export function addRedriveCommand(program: Command, invocation: Invocation): void {
  addChoiceOptions(addWhereOptions(program.command('redrive')))
    .description('send parked events back to the engine, oldest first; without --yes, only count them')
    .argument('[process]', 'with an id: only events of this instance')
    .argument('[id]', 'id of the instance')
    .option('--yes', 'send them')
    .action(async (process: string | undefined, id: string | undefined, options: RedriveCommandOptions) => {
      const request = { ...instanceOf(process, id), ...choiceOf(options, Date.now()) };
      await withOperations(invocation, options, async (operations) => {
        const events = await allParked(operations, request);
        printParkedCount(invocation.terminal, events, options.json === true);
        if (events.length === 0) return EXIT.done;
        if (options.yes) return redriveAll(invocation.terminal, operations, events, options.json === true);
        invocation.terminal.message('Nothing was sent. Repeat with --yes to send them.');
        return EXIT.done;
      });
    });
}

/** Sends the events in batches, one batch after the other, so that they keep their order. */
async function redriveAll(terminal: Terminal, operations: Operations, events: readonly ListedParked[], json: boolean): Promise<ExitCode> {
  let sent = 0;
  let left = 0;
  for (let from = 0; from < events.length; from += REDRIVEN_AT_A_TIME) {
    const answer = await operations.redrive({ events: events.slice(from, from + REDRIVEN_AT_A_TIME).map(({ key }) => key) });
    sent += answer.sent;
    left += answer.left;
    if (json) terminal.printJson({ sent, left, of: events.length });
    else terminal.print(`${sent} of ${events.length} sent${left > 0 ? `, ${left} could not be sent and stay parked` : ''}`);
  }
  return left > 0 ? EXIT.bad : EXIT.done;
}
