import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { damageLocation } from '../../lib/adapters/embedded/state-corrupt.ts';
import type { PreparedRepair } from '../../lib/local/repair-folder.ts';
import { EXIT } from '../exit-code.ts';
import { addFolderOptions, type FolderOptions, type Invocation } from '../invocation.ts';

interface RepairCommandOptions extends FolderOptions {
  readonly yes?: true;
}

export function addRepairCommand(program: Command, invocation: Invocation): void {
  addFolderOptions(program.command('repair'))
    .description('drop what is damaged in the folder of a stopped system, after saying what that is')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExit codes: 0 repaired or not damaged, 1 damaged and left as it is, 4 it cannot be opened or repaired.')
    .action(async (options: RepairCommandOptions) => {
      // The database is opened only by the commands that need it.
      const { prepareRepair } = await import('../../lib/local/repair-folder.ts');
      const prepared = prepareRepair(options.local);
      try {
        await repair(invocation, options, prepared);
      } finally {
        prepared.discard();
      }
    });
}

async function repair(invocation: Invocation, options: RepairCommandOptions, prepared: PreparedRepair): Promise<void> {
  const { terminal } = invocation;
  const { damage } = prepared;
  if (options.json !== true) {
    if (damage.length === 0) terminal.print(`The folder ${options.local} is not damaged.`);
    for (const place of damage) terminal.print(`${damageLocation(place)} ${place.what}. ${place.drops}`);
  }
  const goes = damage.length > 0 && (options.yes === true || (await isConfirmed(options)));
  const kept = goes ? prepared.apply() : undefined;
  invocation.exitCode = damage.length > 0 && !goes ? EXIT.bad : EXIT.done;
  if (options.json === true) terminal.printJson({ folder: options.local, damage, repaired: goes, kept: kept ?? null });
  else if (kept !== undefined) terminal.print(`The folder is repaired. The damaged files lie in ${kept}.`);
  else if (damage.length > 0) terminal.message('Nothing was changed. Give --yes to drop it.');
}

/** Only a person at a terminal can be asked. */
async function isConfirmed({ json }: RepairCommandOptions): Promise<boolean> {
  if (json === true || !process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question('Effects that are dropped may run a second time. Drop it? Type yes: ');
  lines.close();
  return answer.trim() === 'yes';
}
