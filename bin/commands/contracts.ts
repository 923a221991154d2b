import type { Command } from 'commander';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';

interface ExportOptions {
  readonly out: string;
  readonly json?: true;
}

interface CheckOptions {
  readonly against: string;
  readonly json?: true;
}

export function addContractsCommand(program: Command, invocation: Invocation): void {
  const contracts = program.command('contracts').description('the contracts of a system, for services in any language');
  addExportCommand(contracts, invocation);
  addCheckCommand(contracts, invocation);
}

function addExportCommand(contracts: Command, { terminal }: Invocation): void {
  contracts
    .command('export')
    .description('write JSON Schemas of all messages and one AsyncAPI 3 document; prints each file')
    .argument('<module>', 'module that exports the system')
    .requiredOption('--out <dir>', 'the folder to write to; files of the same name are replaced')
    .option('--json', 'one JSON object per line')
    .action(async (module: string, { out, json }: ExportOptions) => {
      const [{ loadModules }, { writeContracts }] = await Promise.all([import('../load-modules.ts'), import('../contract-files.ts')]);
      const { system } = await loadModules([module]);
      const written = writeContracts(system, out);
      for (const file of written) {
        if (json) terminal.printJson({ file });
        else terminal.print(file);
      }
      terminal.message(`${written.length} files.`);
    });
}

function addCheckCommand(contracts: Command, invocation: Invocation): void {
  contracts
    .command('check')
    .description('print what breaks readers or writers of an earlier export (exit 1)')
    .argument('<module>', 'module that exports the system')
    .requiredOption('--against <dir>', 'the folder of that export')
    .option('--json', 'one JSON object per line')
    .action(async (module: string, { against, json }: CheckOptions) => {
      const [{ loadModules }, { changesSince }] = await Promise.all([import('../load-modules.ts'), import('../contract-files.ts')]);
      const { system } = await loadModules([module]);
      const { terminal } = invocation;
      const changes = changesSince(system, against);
      for (const change of changes) {
        if (json) terminal.printJson(change);
        else terminal.print(`${change.file} ${change.at === '' ? '' : `${change.at} `}- ${change.change}`);
      }
      terminal.message(
        changes.length === 0
          ? 'Nothing breaks.'
          : `${changes.length} ${changes.length === 1 ? 'change breaks' : 'changes break'} what is deployed: keep the old schema and add the new one with versions(old).next(new, upcast).`,
      );
      if (changes.length > 0) invocation.exitCode = EXIT.bad;
    });
}
