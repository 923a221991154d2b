#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAskCommand } from './commands/ask.ts';
import { addAuditCommand } from './commands/audit.ts';
import { addBulkCommand } from './commands/bulk.ts';
import { addHoldsCommand } from './commands/holds.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addConsoleCommand } from './commands/console.ts';
import { addContractsCommand } from './commands/contracts.ts';
import { addDevCommand } from './commands/dev.ts';
import { addDiagramCommand } from './commands/diagram.ts';
import { addDiscardCommand } from './commands/discard.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addListCommand } from './commands/list.ts';
import { addMoveCommand } from './commands/move.ts';
import { addParkedCommand } from './commands/parked.ts';
import { addEraseCommand } from './commands/erase.ts';
import { addForkCommand } from './commands/fork.ts';
import { addPauseCommand } from './commands/pause.ts';
import { addPricesCommand } from './commands/prices.ts';
import { addPublishCommand } from './commands/publish.ts';
import { addRedriveCommand } from './commands/redrive.ts';
import { addRepairCommand } from './commands/repair.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addResolveCommand } from './commands/resolve.ts';
import { addResumeCommand } from './commands/resume.ts';
import { addSchedulesCommand } from './commands/schedules.ts';
import { addShowCommand } from './commands/show.ts';
import { addSignalCommand } from './commands/signal.ts';
import { addStartCommand } from './commands/start.ts';
import { addTerminateCommand } from './commands/terminate.ts';
import { addTraceCommand } from './commands/trace.ts';
import { addVersionsCommand } from './commands/versions.ts';
import { addWhyCommand } from './commands/why.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { Terminal } from './terminal.ts';

/*
 * Input: the command line. Output: data on stdout, messages on stderr, an exit code.
 * Trunk: each file of `commands/` declares one command and runs it through `withOperations` of `invocation.ts`, which opens the system with
 * `open-operations.ts`. `dev/` runs a system here; `terminal.ts` prints.
 */
const invocation: Invocation = { terminal: new Terminal(process.stdout, process.stderr, process.env), exitCode: EXIT.done };

// A reader such as `head` may close the pipe early, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
});

try {
  await commandLine(invocation).parseAsync(process.argv);
} catch (error) {
  invocation.exitCode = exitOf(error);
}
process.exitCode = invocation.exitCode;

function commandLine(invocation: Invocation): Command {
  const program = new Command('tutti')
    .description('Run, observe and operate business processes that span services.')
    .version(version(), '-V, --version', 'print the version')
    // `resume` has a --version option of its own.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput(outputOf(invocation.terminal))
    .showHelpAfterError('(--help lists the usage)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, stuck or different, 2 wrong usage, 3 not found, 4 unreachable, denied, damaged state, state of another format, or disk full, 130 interrupted.',
    );
  addDevCommand(program, invocation);
  addConsoleCommand(program, invocation);
  addStartCommand(program, invocation);
  addSignalCommand(program, invocation);
  addAskCommand(program, invocation);
  addPublishCommand(program, invocation);
  addListCommand(program, invocation);
  addShowCommand(program, invocation);
  addWhyCommand(program, invocation);
  addTraceCommand(program, invocation);
  addAuditCommand(program, invocation);
  addCancelCommand(program, invocation);
  addTerminateCommand(program, invocation);
  addEraseCommand(program, invocation);
  addPauseCommand(program, invocation);
  addForkCommand(program, invocation);
  addResolveCommand(program, invocation);
  addResumeCommand(program, invocation);
  addMoveCommand(program, invocation);
  addParkedCommand(program, invocation);
  addRedriveCommand(program, invocation);
  addDiscardCommand(program, invocation);
  addBulkCommand(program, invocation);
  addHoldsCommand(program, invocation);
  addSchedulesCommand(program, invocation);
  addVersionsCommand(program, invocation);
  addKeysCommand(program, invocation);
  addReplayCommand(program, invocation);
  addRepairCommand(program, invocation);
  addPricesCommand(program, invocation);
  addContractsCommand(program, invocation);
  addDiagramCommand(program, invocation);
  return program;
}

/** Commander prints arguments of the command line, which may contain control characters. */
function outputOf(terminal: Terminal): { writeOut(text: string): void; writeErr(text: string): void } {
  const lines = (text: string): string[] => text.trimEnd().split('\n');
  return { writeOut: (text) => terminal.print(...lines(text)), writeErr: (text) => terminal.message(...lines(text)) };
}

/** Prints an error and returns its exit code. Commander prints its own errors. */
function exitOf(error: unknown): Invocation['exitCode'] {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  invocation.terminal.error(error);
  return exitCodeOf(error);
}

/** The package.json is one folder up from the source, and two folders up from the build. */
function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { readonly version: string }).version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}
