import { connectionPorts, type Reach } from '../../lib/client/connection.ts';
import { listInstances } from '../../lib/client/list.ts';
import type { Duration } from '../../lib/contract/duration.ts';
import { STEPS } from '../../lib/contract/steps.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { Runtime, type LoadedParts } from '../../lib/local/runtime.ts';
import type { ConsoleServer } from '../console-server.ts';
import type { MetricsServer } from './metrics-server.ts';
import type { Loaded } from '../load-modules.ts';
import { collectorOfEnvironment } from '../otlp-target.ts';
import type { Terminal } from '../terminal.ts';
import { countCalls } from './call-counter.ts';
import { exampleEvents, feedEvents } from './event-feed.ts';
import { isSettled, unservedCommands } from './settled.ts';
import { printSummary, stuckInstance, Tally, type StuckInstance } from './tally.ts';
import { Timeline } from './timeline.ts';

export interface DevOptions {
  /** The folder of the system. */
  readonly local: string;
  readonly json?: true;
  readonly events?: string;
  readonly once?: true;
  readonly memory?: true;
  /** The port of the metrics on 127.0.0.1; true for 9464. */
  readonly metrics?: number | true;
  readonly retention?: Duration;
  /** Whether to serve the console, which a session with `--once` never does. */
  readonly console?: boolean;
  /** The port of the console. */
  readonly port?: number;
}

/** The interval at which the timeline prints new entries. */
const TELL_MS = 50;

/** One run of a system under `tutti dev`. */
export class DevSession {
  hasStuck = false;
  /** True if lines of the events file were skipped. */
  hasRefused = false;
  readonly #terminal: Terminal;
  readonly #options: DevOptions;
  readonly #served: readonly string[];
  readonly #missing: readonly string[];
  readonly #runtime: Runtime;
  readonly #reach: Reach;
  readonly #timeline: Timeline;
  readonly #tally = new Tally();
  readonly #calls: ReturnType<typeof countCalls>;
  readonly #stopping = new AbortController();
  #printing: Promise<void> | undefined;
  #console: ConsoleServer | undefined;
  #metrics: MetricsServer | undefined;

  constructor(terminal: Terminal, { system, entry, services }: Loaded, options: DevOptions, loaded?: LoadedParts) {
    this.#terminal = terminal;
    this.#options = options;
    // The runtime runs the steps itself.
    this.#served = [...services.map((served) => served['~service']), STEPS];
    const otlp = collectorOfEnvironment();
    this.#runtime = new Runtime(
      system,
      {
        services,
        entry,
        principal: 'dev',
        checks: true,
        flows: true,
        onFault: (error) => terminal.error(error),
        onLog: (line) => this.#timeline.log(line),
        ...(options.memory ? {} : { directory: options.local }),
        ...(options.retention !== undefined && { retention: options.retention }),
        ...(otlp && { otlp }),
        onCommit: (head) => {
          this.#tally.note(head);
          this.#timeline.note(head);
        },
      },
      loaded,
    );
    this.#calls = countCalls(this.#runtime.state);
    this.#reach = { system: systemContract(system), ports: connectionPorts(this.#runtime.connection) };
    this.#timeline = new Timeline(this.#reach, terminal, { json: options.json === true, startedAt: Date.now() });
    this.#missing = [...this.#reach.system.services.keys()].filter((name) => !this.#served.includes(name));
    if (otlp) terminal.message(`Spans are sent to ${otlp.endpoint}`);
    if (this.#missing.length > 0)
      terminal.message(
        `No module serves ${this.#missing.join(', ')}: commands to ${this.#missing.length === 1 ? 'this service' : 'these services'} wait in the queue.`,
      );
  }

  async begin(): Promise<void> {
    await this.#runtime.start();
    try {
      await this.#begin();
    } catch (error) {
      // A port that is taken, for example: the runtime would keep the program and its folder.
      await this.end();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    await this.#timeline.goesOn();
    this.#printing = this.#printOn();
    const { once, console, json, metrics } = this.#options;
    if (metrics !== undefined) {
      const { serveMetrics } = await import('./metrics-server.ts');
      this.#metrics = await serveMetrics(() => this.#runtime.metrics(), metrics === true ? undefined : metrics);
      this.#terminal.message(`The metrics are at ${this.#metrics.address}`);
    }
    if (once !== true && console === true && json !== true) await this.#serveConsole();
  }

  async #serveConsole(): Promise<void> {
    const { port, memory, local, events } = this.#options;
    const { serveConsole } = await import('../console-server.ts');
    const api = await this.#runtime.operationsApi(memory ? undefined : local, await exampleEvents(events));
    this.#console = await serveConsole(api, { place: memory ? 'memory' : local, ...(port !== undefined && { port }) });
    this.#terminal.message(`The console is at ${this.#console.address}`);
  }

  /** With `--once`, resolves when all work is done; else never. */
  async run(): Promise<'settled'> {
    const { events, once } = this.#options;
    if (events !== undefined) await this.#feed(events);
    if (once === undefined) return new Promise(() => {});
    const { clock } = this.#runtime.state;
    while (!(await isSettled(this.#runtime.state, this.#served))) await clock.sleep(TELL_MS, this.#stopping.signal);
    this.hasStuck = (await this.#stuck()).length > 0;
    for (const { service, count } of unservedCommands(this.#runtime.state, this.#missing)) {
      this.#terminal.message(
        `${count} ${count === 1 ? 'command waits' : 'commands wait'} in the queue of ${service}, which no module serves.`,
      );
    }
    return 'settled';
  }

  async #feed(events: string): Promise<void> {
    const { published, refused } = await feedEvents(this.#reach, events, (text) => this.#terminal.message(text), this.#stopping.signal);
    this.hasRefused = refused > 0;
    if (refused > 0) this.#terminal.message(`${published} events were published, ${refused} lines were skipped.`);
  }

  async end(): Promise<void> {
    const stuck = await this.#stuck();
    await this.#console?.close();
    await this.#metrics?.close();
    this.#stopping.abort();
    await this.#printing;
    await this.#runtime.stop();
    this.#terminal.progress('');
    const summary = this.#tally.summary(this.#calls, stuck);
    if (this.#options.json) this.#terminal.printJson({ summary });
    else printSummary(this.#terminal, this.#tally, summary);
  }

  async #printOn(): Promise<void> {
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
