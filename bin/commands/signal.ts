import type { Command } from 'commander';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import { ofTenant } from '../../lib/client/instance.ts';
import { jsonArgument } from '../json-argument.ts';

export function addSignalCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('signal'))
    .description("send an event to one instance; prints the event's id")
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .argument('<event>', 'type of the event')
    .argument('<json>', 'its data, or @FILE')
    .action(async (process: string, id: string, event: string, json: string, options: InstanceOptions) => {
      const data = jsonArgument(json);
      await withActs(invocation, options, async (acts) => {
        const sent = await acts.signal({ process, id, event, data });
        if (options.json) invocation.terminal.printJson(sent);
        else invocation.terminal.print(sent.id);
        if (sent.keptUntil !== undefined)
          invocation.terminal.message(
            `${process} ${id}${ofTenant(options)} has not been started: the event is kept until ${sent.keptUntil}, and parked if it has not been started by then.`,
          );
      });
    });
}
