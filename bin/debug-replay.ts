import { open, Session, url, waitForDebugger, type Debugger } from 'node:inspector';
import type { System } from '../lib/contract/system.ts';
import type { JournalEntry } from '../lib/core/journal-entry.ts';
import { isFact } from '../lib/core/replay.ts';
import type { ActivationObserver } from '../lib/core/run.ts';
import { isUserCode, placeOf } from '../lib/engine/user-frame.ts';
import { replayObserved, type JournalOfRun } from '../lib/testing/journal-fixture.ts';
import { EXIT, usageError, type ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/*
 * Input: the journal of a run, and an entry of it. Output: a debugger that stops in the user's code at that entry.
 *
 * D1 The run is replayed twice on the same code. The first pass counts the places of the user's code that each activation reaches, and
 *    finds the place of the entry. The second pass stops there. Code that replays reaches the same places in both.
 * D2 A session of this process sets a breakpoint at each place of the user's code. Its condition counts. When the condition holds, each
 *    attached debugger stops: node inspect, a browser, an editor.
 * D3 For a fact, the debugger stops at the first place that its activation reaches; for a decision, at the last place before it, which is
 *    the call of ctx.
 */

export interface DebugOptions {
  /** Index of the entry. @default the first difference; without one, the last fact at which code of the user runs */
  readonly at?: number;
  /** Port of the debugger on 127.0.0.1. 0 takes a free one. */
  readonly port: number;
}

/** Replays the run, stops in the user's code at the entry, and goes on to the end. Exit code 1 if the replay differs from the journal. */
export async function debugReplay(
  terminal: Terminal,
  system: System<string>,
  journal: JournalOfRun,
  { at, port }: DebugOptions,
): Promise<ExitCode> {
  const { entries } = journal;
  if (at !== undefined && at >= entries.length)
    throw usageError(
      `The journal has no entry ${at}: expected a number from 0 to ${entries.length - 1}.`,
      'Read its numbers with tutti show.',
    );
  const places = new Places();
  const breakpoints = new Breakpoints(() => places.reach());
  try {
    const stop = await stopAt(system, journal, { at, places });
    openDebugger(terminal, port);
    places.begin((place) => {
      if (place.activation !== stop.activation || place.count !== stop.count) return false;
      terminal.message(`Stopped ${[textOf(entries, stop), placeOf(undefined)].join(' ').trimEnd()}`);
      return true;
    });
    const { differences } = await replayObserved(system, journal, places);
    terminal.message('The replay has ended.', ...differences);
    return differences.length === 0 ? EXIT.done : EXIT.bad;
  } finally {
    breakpoints.remove();
  }
}

/** The `count`-th place of the user's code that an activation reaches. */
interface Place {
  readonly activation: number;
  readonly count: number;
}

interface Stop extends Place {
  readonly entry: number;
}

function textOf(entries: readonly JournalEntry[], { entry }: Stop): string {
  const { type, path = '' } = entries[entry] as JournalEntry & { readonly path?: string };
  return `at entry ${entry}, ${`${type} ${path}`.trimEnd()},`;
}

interface Search {
  readonly at: number | undefined;
  readonly places: Places;
}

/** Replays the run once, and finds the place of the entry. */
async function stopAt(system: System<string>, journal: JournalOfRun, { at, places }: Search): Promise<Stop> {
  const { entries } = journal;
  const facts = entries.flatMap((entry, index) => (isFact(entry) ? [index] : []));
  const wanted = at ?? entries.length - 1;
  const decided = new Map<JournalEntry | undefined, Place>();
  places.begin();
  places.decided = (recorded) => void (decided.has(recorded) || decided.set(recorded, places.here));
  const { differences } = await replayObserved(system, journal, places);
  places.decided = () => {};
  // A run that continues as new begins activations of the next run.
  const reached = places.reached.slice(0, facts.length);
  const isDifference = at === undefined && differences.length > 0;
  const from = isDifference ? reached.length - 1 : facts.findLastIndex((fact) => fact <= wanted);
  const decision = decided.get(isDifference ? undefined : entries[wanted]);
  const found = stopIn(reached, from, decision);
  if (found) return { ...found, entry: found === decision && !isDifference ? wanted : (facts[found.activation] as number) };
  throw usageError(
    `No code of the process runs in this replay${differences.length > 0 ? `: ${differences.join('; ')}` : '.'}`,
    'Name the module that exports the system of the instance.',
  );
}

/** The place of a decision, else the first place from an activation on. A failure that no code catches has none after the call. */
function stopIn(reached: readonly number[], from: number, decision: Place | undefined): Place | undefined {
  if (decision && decision.count > 0 && decision.activation < reached.length) return decision;
  const next = reached.findIndex((count, activation) => activation >= from && count > 0);
  if (next !== -1) return { activation: next, count: 1 };
  const before = reached.findLastIndex((count) => count > 0);
  return before === -1 ? undefined : { activation: before, count: reached[before] as number };
}

/** Waits for a debugger, unless this process runs in one. At its end, Node waits until the debugger has left. */
function openDebugger(terminal: Terminal, port: number): void {
  if (url() !== undefined) return;
  open(port, '127.0.0.1');
  const address = url();
  if (address === undefined) throw usageError(`The port ${port} of 127.0.0.1 is in use.`, 'Name another one with --port.');
  terminal.message(
    `Attach a debugger to ${new URL(address).host}, such as node inspect or that of an editor; in Chrome, chrome://inspect.`,
  );
  waitForDebugger();
}

/** Counts the places of the user's code that each activation of a replay reaches. */
class Places implements ActivationObserver {
  /** By activation. */
  reached: number[] = [];
  /** Is called for each decision of the replay, with the recorded one, or without one from the first difference on. */
  decided: (recorded: JournalEntry | undefined) => void = () => {};
  #stopsAt: (place: Place) => boolean = () => false;

  /** Begins a replay, which stops at the places for which `stopsAt` returns true. */
  begin(stopsAt: (place: Place) => boolean = () => false): void {
    this.reached = [];
    this.#stopsAt = stopsAt;
  }

  get here(): Place {
    const activation = this.reached.length - 1;
    return { activation, count: this.reached[activation] ?? 0 };
  }

  /** Code of the user that runs before the first activation belongs to none. */
  reach(): boolean {
    const { activation, count } = this.here;
    if (activation < 0) return false;
    this.reached[activation] = count + 1;
    return this.#stopsAt(this.here);
  }

  begun(): void {
    this.reached.push(0);
  }

  replayed(_pid: string, _now: unknown, recorded: JournalEntry | undefined, differs: boolean): void {
    this.decided(differs ? undefined : recorded);
  }

  yielded(): void {}

  ended(): void {}
}

/** The name under which the condition of a breakpoint finds its function. */
const CONDITION = '~tuttiStopsHere';

/** Breakpoints at each place of the user's code that this process has loaded. */
class Breakpoints {
  readonly #session = new Session();

  constructor(condition: () => boolean) {
    Object.defineProperty(globalThis, CONDITION, { value: condition, configurable: true });
    const session = this.#session;
    const scripts: Debugger.ScriptParsedEventDataType[] = [];
    session.connect();
    // A session of the own thread answers at once.
    session.on('Debugger.scriptParsed', ({ params }) => void scripts.push(params));
    session.post('Debugger.enable');
    session.removeAllListeners();
    for (const { scriptId, url: file } of scripts) if (isUserCode(file)) this.#breakIn(scriptId);
  }

  /** A place at which two functions begin takes one breakpoint: the error of the second is left out. */
  #breakIn(scriptId: string): void {
    const session = this.#session;
    const start = { scriptId, lineNumber: 0, columnNumber: 0 };
    session.post('Debugger.getPossibleBreakpoints', { start }, (_error, found) => {
      for (const location of found?.locations ?? [])
        session.post('Debugger.setBreakpoint', { location, condition: `globalThis[${JSON.stringify(CONDITION)}]()` }, () => {});
    });
  }

  remove(): void {
    this.#session.disconnect();
    Reflect.deleteProperty(globalThis, CONDITION);
  }
}
