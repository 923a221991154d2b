import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { DEFAULT_TENANT } from '../../lib/contract/wire/process-id.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { Operations, JournalResponse } from '../../lib/client/operations/operations.ts';
import { waitText } from '../instance-table.ts';
import { countArgument } from '../arguments.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { Narrator, offsetText } from '../../lib/client/operations/narrator.ts';
import { quietText, tagsText } from '../quiet-entry.ts';
import { paint, type Terminal } from '../terminal.ts';

interface ShowCommandOptions extends InstanceOptions {
  readonly follow?: true;
  readonly payloads?: true;
  readonly run?: number;
}

/** The interval at which a followed journal is read. */
const FOLLOW_MS = 200;

export function addShowCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('show'))
    .description('print the journal of an instance as a timeline')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .option('--follow', 'print new entries until the instance ends')
    .option('--payloads', 'print the data of each entry too')
    .option('--run <n>', 'an earlier run of an instance that continues as new; 1 is the first', countArgument)
    .action(async (process: string, id: string, options: ShowCommandOptions) => {
      await withOperations(invocation, options, (operations) => show(operations, invocation.terminal, { process, id }, options));
    });
}

async function show(
  operations: Operations,
  terminal: Terminal,
  instance: { process: string; id: string },
  options: ShowCommandOptions,
): Promise<void> {
  const printer = new JournalPrinter(terminal, options);
  const run = options.run === undefined ? {} : { number: options.run };
  for (;;) {
    const answer = await operations.journal({ ...instance, ...run, payloads: options.payloads === true, from: printer.next });
    printer.print(answer);
    if (options.follow !== true || options.run !== undefined || answer.status !== 'running') {
      if (!options.json) printState(terminal, answer, options);
      return;
    }
    await delay(FOLLOW_MS);
  }
}

/** Prints the tenant if it is not the default, the current tags and view, and then the status with its reason. */
function printState(
  terminal: Terminal,
  { status, why, tags, view, paused }: JournalResponse,
  { tenant = DEFAULT_TENANT }: ShowCommandOptions,
): void {
  if (tenant !== DEFAULT_TENANT) terminal.print(`tenant  ${tenant}`);
  if (tags !== undefined) terminal.print(`tags  ${tagsText(tags)}`);
  if (view !== undefined) terminal.print(`view  ${JSON.stringify(view)}`);
  const waits = paused === undefined ? '' : waitText(paused);
  terminal.message(why.startsWith(status) ? why : `${status}: ${why}${waits}`);
}

class JournalPrinter {
  /** Index of the next entry. */
  next = 0;
  readonly #narrator = new Narrator();
  readonly #terminal: Terminal;
  readonly #options: ShowCommandOptions;
  #startedAt: number | undefined;
  #at = 0;

  constructor(terminal: Terminal, options: ShowCommandOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  print({ entries }: JournalResponse): void {
    for (const entry of entries as unknown as JournalEntry[]) {
      if (this.#options.json) this.#terminal.printJson({ index: this.next, ...entry });
      else this.#printLine(entry);
      this.next += 1;
    }
  }

  #printLine(entry: JournalEntry): void {
    if ('at' in entry) this.#at = entry.at;
    this.#startedAt ??= this.#at;
    const sentence = this.#narrator.tell(entry);
    const text = sentence === undefined ? this.#terminal.colors.dim(quietText(entry)) : paint(this.#terminal, sentence);
    const data = this.#options.payloads && 'data' in entry && entry.data !== undefined ? `  ${JSON.stringify(entry.data)}` : '';
    const offset = offsetText(this.#at - this.#startedAt).padStart(10);
    this.#terminal.print(`${String(this.next).padStart(4)} ${offset}  ${'at' in entry ? '' : '  '}${text}${data}`);
  }
}
