import type { Command } from 'commander';
import type { Duration } from '../../lib/contract/duration.ts';
import { durationArgument, jsonArgument } from '../arguments.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';

interface AskCommandOptions extends InstanceOptions {
  readonly timeout?: Duration;
}

export function addAskCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('ask'))
    .description('send a question to one instance, wait for its answer, and print it')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .argument('<event>', 'type of the event; its contract declares an answer')
    .argument('<json>', 'data of the event, or @FILE')
    .option('--timeout <duration>', 'wait at most this long; the event stays', durationArgument)
    .action(async (process: string, id: string, event: string, json: string, { timeout, ...options }: AskCommandOptions) => {
      const data = jsonArgument(json);
      await withOperations(invocation, options, async (operations) => {
        const { answer } = await operations.ask({ process, id, event, data, ...(timeout === undefined ? {} : { timeout }) });
        if (options.json) invocation.terminal.printJson({ process, id, answer });
        else invocation.terminal.print(JSON.stringify(answer));
      });
    });
}
