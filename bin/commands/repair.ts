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
    .description('list the damaged records in the folder of a stopped system, then drop them')
    .option('--yes', 'drop them without asking')
    .addHelpText(
      'after',
      '\nExit codes: 0 repaired or not damaged, 1 damaged and left as it is, 4 the folder cannot be opened or repaired.',
    )
    .action(async (options: RepairCommandOptions) => {
      // Only the commands that need the database import it.
      const { prepareRepair } = await import('../../lib/local/repair-folder.ts');
      const prepared = prepareRepair(options.local, process.env['TUTTI_KEY_FILE']);
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
  else if (kept !== undefined) terminal.print(`The folder is repaired. The damaged files are in ${kept}.`);
  else if (damage.length > 0) terminal.message('Nothing was changed. Repeat with --yes to drop the damaged records.');
}

/** Asks for confirmation on a terminal. Without a terminal, or with `--json`, the answer is no. */
async function isConfirmed({ json }: RepairCommandOptions): Promise<boolean> {
  if (json === true || !process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question('The effects of dropped records may run a second time. Drop the damaged records? Type yes: ');
  lines.close();
  return answer.trim() === 'yes';
}
