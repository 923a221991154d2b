import type { Command } from 'commander';
import { addInstanceOptions, withActs, type Invocation, type InstanceOptions } from '../invocation.ts';
import { jsonArgument } from '../json-argument.ts';

interface PublishCommandOptions extends InstanceOptions {
  readonly id?: string;
}

export function addPublishCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('publish'))
    .description("put an event on the bus, for every process that it starts or reaches; prints the event's id")
    .argument('<event>', 'type of the event')
    .argument('<json>', 'its data, or @FILE')
    .option('--id <id>', 'id of the event: the same one again is a duplicate (default: a new one)')
    .action(async (event: string, json: string, { id, ...options }: PublishCommandOptions) => {
      const data = jsonArgument(json);
      await withActs(invocation, options, async (acts) => {
        const sent = await acts.publish({ event, data, ...(id === undefined ? {} : { id }) });
        if (options.json) invocation.terminal.printJson(sent);
        else invocation.terminal.print(sent.id);
      });
    });
}
