import type { Command } from 'commander';
import { durationArgument, portArgument } from '../arguments.ts';
import type { DevOptions } from '../dev/session.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { addFolderOptions, type Invocation } from '../invocation.ts';

export function addDevCommand(program: Command, invocation: Invocation): void {
  addFolderOptions(program.command('dev'))
    .description('run a system and its services on this machine and print a live timeline; Ctrl-C stops')
    .argument('<module...>', 'modules that export the system and its services')
    .option('--events <file>', 'publish the events of a JSON Lines file; - reads stdin')
    .option('--once', 'stop when all work is done: exit 0, 1 if an instance is stuck, 2 if lines of the events file were skipped')
    .option('--port <port>', 'port of the console on 127.0.0.1 (default: the same one for each folder, or a free one)', portArgument)
    .option('--no-console', 'serve no console')
    .option(
      '--retention <duration>',
      'remove closed instances this long and a day after their end, such as 30d; none are removed without it',
      durationArgument,
    )
    .option('--metrics [port]', 'serve metrics for Prometheus on 127.0.0.1, at /metrics (default port: 9464)', portArgument)
    .option('--memory', 'keep all state in memory; it is lost when the process stops')
    .action(async (modules: readonly string[], options: DevOptions) => {
      invocation.exitCode = await dev(invocation, modules, options);
    });
}

/** Imports the runtime lazily, because the short commands do not need it. */
async function dev({ terminal }: Invocation, modules: readonly string[], options: DevOptions): Promise<ExitCode> {
  const [{ DevSession }, { loadModules }] = await Promise.all([import('../dev/session.ts'), import('../load-modules.ts')]);
  // Source maps must be enabled before the modules are imported, or errors name lines of the compiled code.
  process.setSourceMapsEnabled(true);
  const keyFile = process.env['TUTTI_KEY_FILE'];
  const isSealed = keyFile !== undefined && options.memory !== true;
  const seal = isSealed ? (await import('../../lib/local/folder-key.ts')).folderSeal(options.local, keyFile) : undefined;
  const measures = options.metrics === undefined ? undefined : await (await import('../../lib/local/measures.ts')).loadMeasures();
  const session = new DevSession(terminal, await loadModules(modules), options, { seal, measures });
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

/** Resolves at the first Ctrl-C, which stops gracefully. The handler is gone then, so a second Ctrl-C ends the process. */
function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
}
