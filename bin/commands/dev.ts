import type { Command } from 'commander';
import type { DevOptions } from '../dev/session.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { addFolderOptions, type Invocation } from '../invocation.ts';

export function addDevCommand(program: Command, invocation: Invocation): void {
  addFolderOptions(program.command('dev'))
    .description('run the exported system and served services here, with a live timeline; Ctrl-C stops')
    .argument('<module...>', 'modules that export the system and its served services')
    .option('--events <file>', 'publish the events of a JSON Lines file, or of stdin with -')
    .option('--once', 'end when all is settled: exit 0, 1 if an instance is stuck, 2 if lines of the events file were left out')
    .option('--memory', 'keep everything in memory, gone with the process')
    .action(async (modules: readonly string[], options: DevOptions) => {
      invocation.exitCode = await dev(invocation, modules, options);
    });
}

/** The runtime is imported here, so that the short commands start without it. */
async function dev({ terminal }: Invocation, modules: readonly string[], options: DevOptions): Promise<ExitCode> {
  const [{ DevSession }, { loadModules }] = await Promise.all([import('../dev/session.ts'), import('../load-modules.ts')]);
  // Before the modules are imported: a bug names its line in the source.
  process.setSourceMapsEnabled(true);
  const session = new DevSession(terminal, await loadModules(modules), options);
  const interrupted = interruption();
  await session.begin();
  try {
    const ended = await Promise.race([interrupted, session.run()]);
    if (ended === 'interrupted') return EXIT.interrupted;
    if (session.hasStuck) return EXIT.bad;
    return session.hasRefused ? EXIT.usage : EXIT.done;
  } finally {
    await session.end();
  }
}

/** The first Ctrl-C stops gracefully; a second one finds no handler and ends the process. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
}
