import { gateDefinition, GATES, MOST_MAX, START, WINDOW_MAX } from '../contract/gate.ts';
import type { GateSpec, ProcessContract } from '../contract/runtime-contract.ts';
import { parseStored, type Json, type Schema } from '../contract/schema.ts';
import { buildPid, tenantOfPid } from '../contract/wire/process-id.ts';
import { refuse } from './bug.ts';
import { startSchema } from './children.ts';
import { endAsContinued } from './continuing.ts';
import { issuePublish } from './effects.ts';
import { endProcess } from './ending.ts';
import { issueEngineCommand } from './engine-commands.ts';
import type { FrontEnd } from './front-end.ts';
import type { BegunBy, GateState, WaitingStart } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import { journal, sendingAgain } from './journal.ts';
import type { ProcessRun } from './run.ts';
import { clearNamedTimer, setNamedTimer } from './timers.ts';
import { sendBegin, waitingStart } from './waiting.ts';

/** The data of a start, at a gate. */
export interface GatedStart {
  readonly process: string;
  readonly key: string;
  /** Id of the instance. */
  readonly instance: string;
  readonly subject?: string;
  readonly data: Json;
  readonly dataversion?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

const NO_LIMIT: GateSpec = { kind: 'concurrency', most: MOST_MAX };
const WINDOW = 'window';
/** The data of the starts of one window, as characters of JSON: it is one value of the instance. */
const WINDOW_CHARACTERS_MAX = 100_000;
/** A fifth of the entries that a journal may hold. */
const CONTINUED_AT = 10_000;
/** Characters of the id of an instance, so that the name of its window fits behind it. */
const NAME_MAX = 180;
const WINDOW_NAME = 12;

/**
 * A gate decides when the starts of a process begin instances (docs/protocol.md#gates). Input: a fact of the gate: a start, the end of an instance,
 * the end of a window. Output: the engine commands and messages that begin instances, and the starts that wait, in its head.
 *
 * G1 Every start is journaled when it comes, waits in the head until it begins, and begins in the order in which it came.
 * G2 A slot belongs to a command: it is taken in the commit that issues the command, and free in the commit that applies the reply. No count
 *    can be wrong, and no time frees a slot: an instance that is stuck keeps it.
 * G3 A window ends when it is full, at the end of `quiet`, or at the end of `atMost` or `within`, which count from its first start. Its
 *    instance gets all of its starts.
 * G4 A gate without a start ends, so that its head is retired like any other; its next start begins a new run.
 */
export class GateFrontEnd implements FrontEnd {
  readonly #run: ProcessRun;

  constructor(run: ProcessRun) {
    this.#run = run;
  }

  advance(fact: RecordedFact): Promise<void> {
    this.#apply(fact);
    return Promise.resolve();
  }

  #apply(fact: RecordedFact): void {
    const run = this.#run;
    // Paths count within one call, as those of a decider.
    run.root.ordinals.clear();
    if (fact.type === 'EventReceived' || (fact.type === 'ProcessStarted' && !fact.continues)) this.#receive(fact);
    if (fact.type === 'CommandAnswered') this.#ended(fact);
    const gate = run.image.gate as GateState;
    const definition = run.environment.processes?.get(gate.process)?.[0];
    // A deploy has removed the limit: nothing waits any more.
    gate.spec = definition?.gate?.spec ?? NO_LIMIT;
    if (!definition) refuse(run, 'POISON', `Starts of ${gate.process} wait, which the system ${run.environment.system} does not list.`);
    else if (gate.spec.kind === 'concurrency') this.#fillSlots(gate, gate.spec.most);
    else this.#endWindow(gate, gate.spec, { definition, isOver: fact.type === 'TimerFired' });
    if (gate.running.length === 0 && !run.image.waiting) endProcess(run, undefined, null);
    else if (run.position >= CONTINUED_AT) this.#continue();
  }

  #receive(fact: Extract<RecordedFact, { type: 'ProcessStarted' | 'EventReceived' }>): void {
    const run = this.#run;
    const { image } = run;
    const { process, key, instance, dataversion = 1, ...start } = fact.data as unknown as GatedStart;
    image.gate ??= { process, key, spec: NO_LIMIT, running: [], begun: 0 };
    const { id, event, source, time } = fact;
    const waiting = waitingStart(
      run,
      { ...start, identity: instance, id, event, source, time, hops: run.hops, ...(run.trace !== undefined && { trace: run.trace }) },
      { dataversion, replaces: false },
    );
    image.waiting = [...(image.waiting ?? []), waiting];
  }

  /** An instance has ended, or its id was taken: then the start is rejected, as without a gate. */
  #ended({ n, outcome, data }: Extract<RecordedFact, { type: 'CommandAnswered' }>): void {
    const run = this.#run;
    const { pid } = run.image;
    const gate = run.image.gate as GateState;
    const ended = gate.running.find((each) => each.n === n);
    gate.running = gate.running.filter((each) => each !== ended);
    const { details } = (data ?? {}) as { readonly details?: { readonly taken?: string } | null };
    if (!ended || outcome !== 'failed' || details?.taken === undefined) return;
    const { process } = gate;
    issuePublish(run, run.root, `${run.environment.system}.start-rejected`, {
      data: { process, pid: buildPid(tenantOfPid(pid), process, ended.id) as string, startid: ended.start, reason: 'taken' },
    });
  }

  #fillSlots(gate: GateState, most: number): void {
    const { image } = this.#run;
    for (let [first, ...others] = image.waiting ?? []; first && gate.running.length < most; [first, ...others] = others) {
      image.waiting = others.length > 0 ? others : undefined;
      this.#start(gate, first);
    }
  }

  /** Starts an instance by an engine command, which its end answers. */
  #start(gate: GateState, { identity: instance, id, data }: WaitingStart): void {
    const run = this.#run;
    const owner = this.#pidOf(gate, instance);
    const path = `${instance}/start`;
    const input = sendingAgain(run, 'CommandIssued', path, { data });
    const { n } = issueEngineCommand(run, { name: START, owner, path, input, mode: 'send' });
    gate.running = [...gate.running, { n, id: instance, start: id }];
    gate.begun += 1;
  }

  #pidOf({ process }: GateState, instance: string): string {
    return buildPid(tenantOfPid(this.#run.image.pid), process, instance) as string;
  }

  #endWindow(
    gate: GateState,
    spec: Exclude<GateSpec, { kind: 'concurrency' }>,
    { definition, isOver }: { readonly definition: ProcessContract; readonly isOver: boolean },
  ): void {
    const run = this.#run;
    const { waiting, clock } = run.image;
    const [first] = waiting ?? [];
    if (!waiting || !first) return;
    const due = dueOf(waiting, spec);
    if (
      waiting.length < (spec.kind === 'batch' ? spec.size : WINDOW_MAX) &&
      sizeOf(waiting) < WINDOW_CHARACTERS_MAX &&
      !isOver &&
      due > clock
    )
      return setNamedTimer(run, WINDOW, due, true);
    clearNamedTimer(run, WINDOW);
    run.image.waiting = undefined;
    gate.begun += 1;
    this.#begin(gate, waiting, definition);
  }

  /** One instance for all starts of a window. Its name has that of the first of them, and a hash that no other window has. */
  #begin(gate: GateState, starts: readonly WaitingStart[], definition: ProcessContract): void {
    const run = this.#run;
    const all = starts.map(({ data }) => data as unknown as BegunBy);
    const first = all[0] as BegunBy;
    const { pid, run: name } = run.image;
    const window = run.environment.hash(`${pid}/${name}/${gate.begun}`).slice(0, WINDOW_NAME);
    const instance = `${(starts[0] as WaitingStart).identity.slice(0, NAME_MAX)}~${window}`;
    const element = startSchema({ ...definition, gate: undefined });
    const data = all.map((each) => parseStored(element, each.data, each.dataversion ?? 1));
    const one = waitingStart(run, { ...first, identity: instance, data }, { dataversion: 1, replaces: false });
    sendBegin(run, this.#pidOf(gate, instance), one);
    journal(run, { type: 'WindowClosed', path: instance, ids: all.map(({ id }) => id) });
  }

  /** Goes on in a new run, so that the journal never grows to its limit. */
  #continue(): void {
    const passed = { schema: ANYTHING, value: null, what: 'a gate was continued with' };
    endAsContinued(this.#run, { passed, definition: gateDefinition, event: `${GATES}.start` });
  }
}

/** Accepts every value: this code alone writes it. */
const ANYTHING = { '~standard': { version: 1, vendor: 'tutti', validate: (value: unknown) => ({ value }) } } as Schema;

/** When the window of these starts ends. */
function dueOf(waiting: readonly WaitingStart[], spec: Exclude<GateSpec, { kind: 'concurrency' }>): number {
  const first = (waiting[0] as WaitingStart).since;
  if (spec.kind === 'batch') return first + spec.withinMs;
  return Math.min(first + spec.atMostMs, (waiting.at(-1) as WaitingStart).since + spec.quietMs);
}

function sizeOf(waiting: readonly WaitingStart[]): number {
  return waiting.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
}
