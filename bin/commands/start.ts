import { InvalidArgumentError, Option, type Command } from 'commander';
import ms from 'ms';
import type { Duration } from '../../lib/contract/duration.ts';
import type { OnOpen } from '../../lib/client/start.ts';
import { EXIT } from '../exit-code.ts';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import { jsonArgument } from '../json-argument.ts';
import { waitForEnd } from '../wait-for-end.ts';

interface StartCommandOptions extends InstanceOptions {
  readonly id?: string;
  readonly onOpen?: OnOpen;
  readonly wait?: true;
  readonly timeout?: Duration;
}

export function addStartCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('start'))
    .description('start an instance; prints its id and run, with --wait its result, or why there is none (exit 1)')
    .argument('<process>', 'name of the process')
    .argument('<json>', 'its input, or @FILE')
    .option('--id <id>', 'id of the instance (default: what its starting event names, else a new one)')
    .addOption(new Option('--on-open <policy>', 'what to do where that id is open').choices(['reject', 'attach', 'signal']))
    .option('--wait', 'wait for the end and print the result; ends too when the instance is stuck')
    .option('--timeout <duration>', 'with --wait: how long, such as 30s or 5 minutes (default: until it ends)', durationOption)
    .action(async (process: string, json: string, options: StartCommandOptions) => {
      const input = jsonArgument(json);
      const { terminal } = invocation;
      await withActs(invocation, options, async (acts) => {
        const { id, onOpen, tenant } = options;
        const started = await acts.start({
          process,
          input,
          ...(id === undefined ? {} : { id }),
          ...(onOpen === undefined ? {} : { onOpen }),
        });
        if (options.wait !== true) {
          if (options.json) terminal.printJson(started);
          else terminal.print(`${started.id} ${started.run}${started.started ? '' : ' (was open)'}`);
          return EXIT.done;
        }
        const { json = false, timeout } = options;
        return waitForEnd(
          acts,
          terminal,
          { process, ...(tenant === undefined ? {} : { tenant }), ...started },
          { json, ...(timeout === undefined ? {} : { timeout }) },
        );
      });
    });
}

function durationOption(text: string): Duration {
  const milliseconds = ms(text as ms.StringValue) as number | undefined;
  if (milliseconds === undefined || !(milliseconds > 0)) throw new InvalidArgumentError('Expected a duration, such as 30s or 5 minutes.');
  return `${milliseconds / 1000} seconds`;
}
