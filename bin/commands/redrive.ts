import type { Command } from 'commander';
import type { Operations, ListedParked, ParkedRequest } from '../../lib/client/operations/operations.ts';
import { REDRIVEN_AT_A_TIME } from '../../lib/client/parked.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { addWhereOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { addChoiceOptions, choiceOf, instanceOf, type ParkedChoice } from './parked.ts';

interface RedriveCommandOptions extends ParkedChoice, InstanceOptions {
  readonly yes?: true;
}

const PAGE = 500;

export function addRedriveCommand(program: Command, invocation: Invocation): void {
  addChoiceOptions(addWhereOptions(program.command('redrive')))
    .description('send parked events back to the engine, the oldest first; without --yes it only counts them')
    .argument('[process]', 'with an id: only beside this instance')
    .argument('[id]', 'id of the instance')
    .option('--yes', 'send them')
    .action(async (process: string | undefined, id: string | undefined, options: RedriveCommandOptions) => {
      const request = { ...instanceOf(process, id), ...choiceOf(options, Date.now()) };
      await withActs(invocation, options, async (acts) => {
        const events = await allParked(acts, request);
        printCount(invocation.terminal, events, options.json === true);
        if (events.length === 0) return EXIT.done;
        if (options.yes) return redriveAll(invocation.terminal, acts, events, options.json === true);
        invocation.terminal.message('Nothing was sent: --yes sends them.');
        return EXIT.done;
      });
    });
}

/** Parked events that expire need no person, so redrive sends them only where `--reason` names their reason. */
async function allParked(acts: Operations, request: Omit<ParkedRequest, 'limit'>): Promise<readonly ListedParked[]> {
  const events: ListedParked[] = [];
  let after: string | undefined;
  do {
    const page = await acts.parked({
      ...request,
      waiting: request.reason === undefined,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

function printCount(terminal: Terminal, events: readonly ListedParked[], json: boolean): void {
  const reasons: Record<string, number> = {};
  for (const { reason } of events) reasons[reason] = (reasons[reason] ?? 0) + 1;
  if (json) return terminal.printJson({ count: events.length, reasons });
  const counts = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  terminal.print(
    `${events.length} parked ${events.length === 1 ? 'event fits' : 'events fit'}${counts.length > 0 ? ': ' : '.'}${counts.join(', ')}`,
  );
}

/** By hundreds, one after the other, so that they stay in order. */
async function redriveAll(terminal: Terminal, acts: Operations, events: readonly ListedParked[], json: boolean): Promise<ExitCode> {
  let sent = 0;
  let left = 0;
  for (let from = 0; from < events.length; from += REDRIVEN_AT_A_TIME) {
    const answer = await acts.redrive({ events: events.slice(from, from + REDRIVEN_AT_A_TIME).map(({ key }) => key) });
    sent += answer.sent;
    left += answer.left;
    if (json) terminal.printJson({ sent, left, of: events.length });
    else terminal.print(`${sent} of ${events.length} sent back${left > 0 ? `, ${left} could not be sent and stay parked` : ''}`);
  }
  return left > 0 ? EXIT.bad : EXIT.done;
}
