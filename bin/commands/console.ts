import { Option, type Command } from 'commander';
import { jsonArgument, portArgument } from '../arguments.ts';
import type { ConsolePlace } from '../open-console.ts';
import { EXIT } from '../exit-code.ts';
import { addWhereOptions, type Invocation } from '../invocation.ts';

interface ConsoleCommandOptions extends ConsolePlace {
  readonly port?: number;
}

export function addConsoleCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('console'))
    .description('show and operate a system in a browser of this machine, with the rights of this user; Ctrl-C stops')
    .option('--port <port>', 'port of 127.0.0.1 (default: the same one for each system, or a free one)', portArgument)
    .addOption(
      new Option(
        '--prices <json>',
        'list prices of the region of the stack, as tutti prices prints them, or @FILE (default: those of us-east-1)',
      )
        .argParser(jsonArgument)
        .conflicts('local'),
    )
    .action(async (options: ConsoleCommandOptions) => {
      const [{ openConsole }, { serveConsole }] = await Promise.all([import('../open-console.ts'), import('../console-server.ts')]);
      const opened = await openConsole(options);
      try {
        const server = await serveConsole(opened.api, { place: opened.place, ...(options.port !== undefined && { port: options.port }) });
        if (options.json) invocation.terminal.printJson({ address: server.address });
        else invocation.terminal.print(`The console of ${opened.place} is at ${server.address}`);
        await interrupted();
        await server.close();
      } finally {
        opened.close();
      }
      invocation.exitCode = EXIT.interrupted;
    });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
