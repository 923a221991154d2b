import type { Command } from 'commander';
import type { Acts } from '../lib/client/acts.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { openActs } from './system-folder.ts';
import type { Terminal } from './terminal.ts';

/** One run of the command line. */
export interface Invocation {
  readonly terminal: Terminal;
  exitCode: ExitCode;
}

/** Where the system is, and how its answers are printed. */
export interface WhereOptions {
  readonly local: string;
  readonly json?: true;
}

export function addWhereOptions(command: Command): Command {
  return command.option('--local <dir>', 'the folder of the system', '.tutti').option('--json', 'one JSON object per line');
}

/** Runs an act on the system of the folder, and closes it whatever becomes of the act. */
export async function withActs(
  invocation: Invocation,
  { local }: WhereOptions,
  use: (acts: Acts) => Promise<ExitCode | void>,
): Promise<void> {
  const opened = await openActs(local);
  try {
    invocation.exitCode = (await use(opened.acts)) ?? EXIT.done;
  } finally {
    opened.close();
  }
}
