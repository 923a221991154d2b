import type { Command } from 'commander';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { ofTenant } from '../../lib/client/instance.ts';
import { jsonArgument } from '../arguments.ts';

export function addSignalCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('signal'))
    .description("send an event to one instance; prints the event's id")
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .argument('<event>', 'type of the event')
    .argument('<json>', 'data of the event, or @FILE')
    .action(async (process: string, id: string, event: string, json: string, options: InstanceOptions) => {
      const data = jsonArgument(json);
      await withOperations(invocation, options, async (operations) => {
        const sent = await operations.signal({ process, id, event, data });
        if (options.json) invocation.terminal.printJson(sent);
        else invocation.terminal.print(sent.id);
        if (sent.keptUntil !== undefined)
          invocation.terminal.message(
            `${process} ${id}${ofTenant(options)} has not been started. The event is kept until ${sent.keptUntil}, and is parked if the instance has not been started by then.`,
          );
      });
    });
}
