import type { Command } from 'commander';
import { addWhereOptions, withOperations, type Invocation, type WhereOptions } from '../invocation.ts';
import { usageError } from '../exit-code.ts';

export function addKeysCommand(program: Command, invocation: Invocation): void {
  const keys = program.command('keys').description('manage the keys that sign the commands of a deployed system');
  addWhereOptions(keys.command('rotate'))
    .description('add a signing key, which is used ten minutes later; older signatures stay valid')
    .action(async (options: WhereOptions) => {
      if (options.stack === undefined)
        throw usageError(
          'keys rotate was given without --stack: only a deployed system signs its commands.',
          'Name the deployed system with --stack.',
        );
      await withOperations(invocation, options, async (operations) => {
        const { signsFrom } = await operations.rotateKeys({});
        if (options.json) invocation.terminal.printJson({ signsFrom });
        else invocation.terminal.print(`the new key signs commands from ${signsFrom} on`);
      });
    });
}
