import type { Command } from 'commander';
import { addWhereOptions, withActs, type Invocation, type WhereOptions } from '../invocation.ts';
import { usageError } from '../usage-error.ts';

export function addKeysCommand(program: Command, invocation: Invocation): void {
  const keys = program.command('keys').description('the keys by which a deployed system knows the answers to its commands');
  addWhereOptions(keys.command('rotate'))
    .description('add a key, with which commands are signed ten minutes later; what was signed before stays good')
    .action(async (options: WhereOptions) => {
      if (options.stack === undefined)
        throw usageError('keys rotate was given without --stack: only a deployed system signs its commands.', 'Name it with --stack.');
      await withActs(invocation, options, async (acts) => {
        const { signsFrom } = await acts.rotateKeys({});
        if (options.json) invocation.terminal.printJson({ signsFrom });
        else invocation.terminal.print(`commands are signed with a new key from ${signsFrom} on`);
      });
    });
}
