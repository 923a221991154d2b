import type { Command } from 'commander';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { jsonArgument } from '../arguments.ts';

interface PublishCommandOptions extends InstanceOptions {
  readonly id?: string;
}

export function addPublishCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('publish'))
    .description("publish an event on the bus for every process that subscribes to it; prints the event's id")
    .argument('<event>', 'type of the event')
    .argument('<json>', 'data of the event, or @FILE')
    .option('--id <id>', 'id of the event; a second event with the same id is a duplicate (default: a new id)')
    .action(async (event: string, json: string, { id, ...options }: PublishCommandOptions) => {
      const data = jsonArgument(json);
      await withOperations(invocation, options, async (operations) => {
        const sent = await operations.publish({ event, data, ...(id === undefined ? {} : { id }) });
        if (options.json) invocation.terminal.printJson(sent);
        else invocation.terminal.print(sent.id);
      });
    });
}
