import { Option, type Command } from 'commander';
import type { Duration } from '../../lib/contract/duration.ts';
import type { OnOpen, Started } from '../../lib/client/start.ts';
import { EXIT } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { durationArgument, jsonArgument } from '../arguments.ts';
import { waitForEnd } from '../wait-for-end.ts';

interface StartCommandOptions extends InstanceOptions {
  readonly id?: string;
  readonly onOpen?: OnOpen;
  readonly wait?: true;
  readonly timeout?: Duration;
}

/** The end of the line about a start that did not begin a run at once. */
function standing({ started, position }: Started): string {
  if (started) return '';
  return position === undefined ? ' (was open already)' : ` (waits, place ${position})`;
}

export function addStartCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('start'))
    .description('start an instance; prints its id and run, with --wait its result, or the reason why there is none (exit 1)')
    .argument('<process>', 'name of the process')
    .argument('<json>', 'input of the process, or @FILE')
    .option('--id <id>', 'id of the instance (default: the id that its starting event names, else a new id)')
    .addOption(
      new Option('--on-open <policy>', 'policy if that instance is open already').choices([
        'reject',
        'attach',
        'signal',
        'queue',
        'replace',
      ]),
    )
    .option('--wait', 'wait for the end and print the result; stops waiting if the instance is stuck')
    .option(
      '--timeout <duration>',
      'with --wait: wait at most this long, such as 30s or 5 minutes (default: until the end)',
      durationArgument,
    )
    .action(async (process: string, json: string, options: StartCommandOptions) => {
      const input = jsonArgument(json);
      const { terminal } = invocation;
      await withOperations(invocation, options, async (operations) => {
        const { id, onOpen, tenant } = options;
        const started = await operations.start({
          process,
          input,
          ...(id === undefined ? {} : { id }),
          ...(onOpen === undefined ? {} : { onOpen }),
        });
        if (options.wait !== true) {
          if (options.json) terminal.printJson(started);
          else terminal.print(`${started.id} ${started.run}${standing(started)}`);
          return EXIT.done;
        }
        const { json = false, timeout } = options;
        return waitForEnd(
          operations,
          terminal,
          { process, ...(tenant === undefined ? {} : { tenant }), ...started },
          { json, ...(timeout === undefined ? {} : { timeout }) },
        );
      });
    });
}
