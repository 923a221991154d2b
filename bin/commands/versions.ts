import type { Command } from 'commander';
import type { VersionUse } from '../../lib/client/versions.ts';
import { addWhereOptions, withOperations, type Invocation, type WhereOptions } from '../invocation.ts';

const HEADER = ['PROCESS', 'VERSION', 'RUNNING', 'STUCK', 'PAUSED', 'REMOVABLE'];

export function addVersionsCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('versions'))
    .description('list the versions of each process: open runs of all tenants, and whether a version can leave the system')
    .option(
      '--changes',
      'also the changes of ctx.patched that open runs have taken, and the code that began them; reads the journal of each open run',
    )
    .action(async ({ changes, ...options }: WhereOptions & { readonly changes?: true }) => {
      await withOperations(invocation, options, async (operations) => {
        const { versions } = await operations.versions({ changes: changes === true });
        if (options.json) for (const each of versions) invocation.terminal.printJson(each);
        else invocation.terminal.print(...table(versions), ...versions.flatMap((each) => [...changesOf(each), ...codesOf(each)]));
      });
    });
}

function table(versions: readonly VersionUse[]): string[] {
  const rows = [
    HEADER,
    ...versions.map((each) => [each.process, each.version, each.running, each.stuck, each.paused, each.why].map(String)),
  ];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** One line for each change that open runs of the version have taken. */
function changesOf({ process, version, changes = [] }: VersionUse): string[] {
  return changes.map(({ change, taken, without }) => {
    const left = without === 0 ? 'no open run is without it: its call can be deleted' : `open without it: ${without}`;
    return `${process} version ${version}, change ${change}: taken by ${taken}, ${left}`;
  });
}

/** One line for each code that began open runs of the version. */
function codesOf({ process, version, codes = [] }: VersionUse): string[] {
  return codes.map(({ code, open, isNewest }) => {
    const now = isNewest === undefined ? '' : isNewest ? ', which runs now' : ', of an earlier build';
    return `${process} version ${version}, code ${code}${now}: ${open} open ${open === 1 ? 'run' : 'runs'}`;
  });
}
