import type { Command } from 'commander';
import type { Invocation } from '../invocation.ts';

interface ExportOptions {
  readonly out: string;
  readonly json?: true;
}

export function addContractsCommand(program: Command, invocation: Invocation): void {
  const contracts = program.command('contracts').description('the contracts of a system, for services in any language');
  contracts
    .command('export')
    .description('write JSON Schemas of all messages and one AsyncAPI 3 document; prints each file')
    .argument('<module>', 'module that exports the system')
    .requiredOption('--out <dir>', 'the folder to write to; files of the same name are replaced')
    .option('--json', 'one JSON object per line')
    .action(async (module: string, { out, json }: ExportOptions) => {
      const [{ loadModules }, { writeContracts }] = await Promise.all([import('../load-modules.ts'), import('../write-contracts.ts')]);
      const { system } = await loadModules([module]);
      const { terminal } = invocation;
      const written = writeContracts(system, out);
      for (const file of written) {
        if (json) terminal.printJson({ file });
        else terminal.print(file);
      }
      terminal.message(`${written.length} files.`);
    });
}
