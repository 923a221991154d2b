import type { Command } from 'commander';
import { connectionPorts, type Reach } from '../../lib/client/connection.ts';
import { listInstances } from '../../lib/client/list.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { Runtime } from '../../lib/local/runtime.ts';
import { actsOn } from '../acts.ts';
import { countCalls } from '../dev/call-counter.ts';
import { feedEvents } from '../dev/event-feed.ts';
import { isSettled } from '../dev/settled.ts';
import { printSummary, stuckInstance, Tally, type StuckInstance } from '../dev/tally.ts';
import { Timeline } from '../dev/timeline.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { addWhereOptions, type Invocation, type WhereOptions } from '../invocation.ts';
import { serveLink } from '../link.ts';
import { loadModules, type Loaded } from '../load-modules.ts';
import { socketPath } from '../socket-path.ts';
import type { Terminal } from '../terminal.ts';

interface DevCommandOptions extends WhereOptions {
  readonly events?: string;
  readonly once?: true;
  readonly memory?: true;
}

/** How often what has happened is told. */
const TELL_MS = 50;

export function addDevCommand(program: Command, invocation: Invocation): void {
  addWhereOptions(program.command('dev'))
    .description('run the exported system and served services here, with a live timeline; Ctrl-C stops')
    .argument('<module...>', 'modules that export the system and its served services')
    .option('--events <file>', 'publish the events of a JSON Lines file, or of stdin with -')
    .option('--once', 'end when all is settled: exit 0, or 1 if an instance is stuck')
    .option('--memory', 'keep everything in memory, gone with the process')
    .action(async (modules: readonly string[], options: DevCommandOptions) => {
      invocation.exitCode = await dev(invocation.terminal, await loadModules(modules), options);
    });
}

async function dev(terminal: Terminal, loaded: Loaded, options: DevCommandOptions): Promise<ExitCode> {
  const session = new DevSession(terminal, loaded, options);
  const interrupted = interruption();
  await session.begin();
  try {
    const ended = await Promise.race([interrupted, session.run()]);
    return ended === 'interrupted' ? EXIT.interrupted : session.hasStuck ? EXIT.bad : EXIT.done;
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

/** One run of a system under `tutti dev`. */
class DevSession {
  hasStuck = false;
  readonly #terminal: Terminal;
  readonly #options: DevCommandOptions;
  readonly #served: readonly string[];
  readonly #runtime: Runtime;
  readonly #reach: Reach;
  readonly #timeline: Timeline;
  readonly #tally = new Tally();
  readonly #calls: ReturnType<typeof countCalls>;
  readonly #stopping = new AbortController();
  #link: { close(): Promise<void> } | undefined;
  #telling: Promise<void> | undefined;

  constructor(terminal: Terminal, { system, entry, services }: Loaded, options: DevCommandOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#served = services.map((served) => served['~service']);
    this.#runtime = new Runtime(system, {
      services,
      entry,
      principal: 'dev',
      checks: true,
      onFault: (error) => terminal.error(error),
      ...(options.memory ? {} : { directory: options.local }),
      onCommit: (head) => {
        this.#tally.note(head);
        this.#timeline.note(head);
      },
    });
    this.#calls = countCalls(this.#runtime.state);
    this.#reach = { system: systemContract(system), ports: connectionPorts(this.#runtime.connection) };
    this.#timeline = new Timeline(this.#reach, terminal, { json: options.json === true, startedAt: Date.now() });
    const missing = [...this.#reach.system.services.keys()].filter((name) => !this.#served.includes(name));
    if (missing.length > 0) terminal.message(`Nobody serves ${missing.join(', ')} here: their commands wait in their queues.`);
  }

  async begin(): Promise<void> {
    const { memory, local } = this.#options;
    await this.#runtime.start();
    if (memory !== true) this.#link = await serveLink(socketPath(local), actsOn(this.#reach));
    await this.#timeline.goesOn();
    this.#telling = this.#tellOn();
  }

  /** Ends when all is settled, with `--once`; else never. */
  async run(): Promise<'settled'> {
    const { events, once } = this.#options;
    if (events !== undefined) await this.#feed(events);
    if (once === undefined) return new Promise(() => {});
    const { clock } = this.#runtime.state;
    while (!(await isSettled(this.#runtime.state, this.#served))) await clock.sleep(TELL_MS, this.#stopping.signal);
    this.hasStuck = (await this.#stuck()).length > 0;
    return 'settled';
  }

  async #feed(events: string): Promise<void> {
    const { published, refused } = await feedEvents(this.#reach, events, (text) => this.#terminal.message(text), this.#stopping.signal);
    if (refused > 0) this.#terminal.message(`${published} events were published, ${refused} lines were left out.`);
  }

  async end(): Promise<void> {
    const stuck = await this.#stuck();
    this.#stopping.abort();
    await this.#link?.close();
    await this.#telling;
    await this.#runtime.stop();
    this.#terminal.progress('');
    const summary = this.#tally.summary(this.#calls, stuck);
    if (this.#options.json) this.#terminal.printJson({ summary });
    else printSummary(this.#terminal, this.#tally, summary);
  }

  async #tellOn(): Promise<void> {
    const { clock } = this.#runtime.state;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(TELL_MS, signal);
      await this.#timeline.tell(clock.now());
      this.#terminal.progress(this.#tally.line());
    }
  }

  async #stuck(): Promise<StuckInstance[]> {
    const stuck: StuckInstance[] = [];
    for await (const instance of listInstances(this.#reach, { status: 'stuck' })) stuck.push(stuckInstance(instance));
    return stuck;
  }
}
