import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { Served } from '../../../../lib/service/served.ts';
import type { Deferred, StepTask } from '../../../../lib/contract/steps.ts';
import { serve } from '../../../../lib/service/serve.ts';
import { siteOfStep } from '../../world/step-site.ts';
import type { Site } from '../scenario.ts';
import { bank, press, stock } from './contracts.ts';
import type { Behaviour, Run } from './program.ts';
import type { MemoryDatabase, MemoryTransaction } from './memory-database.ts';

interface Work {
  readonly label: string;
  readonly does: Behaviour;
}
interface Undoing {
  readonly label: string;
  readonly by: string;
  readonly stubborn: number;
}
/** The variables that a body of `ctx.run` has captured. */
export interface Seen {
  /** The values of the steps before it. */
  readonly values: readonly Json[];
  /** The number of commands of the run that have completed. */
  readonly done: number;
  /** The random value of the last tag. */
  readonly lucky: string | null;
}
export type Done = { readonly label: string; readonly by: string };
interface AnyTask {
  readonly commandId: string;
  readonly undoes?: string;
  readonly tx: MemoryTransaction | undefined;
}
interface WorkTask extends AnyTask {
  readonly token: string;
  readonly signal: AbortSignal;
  readonly errors: { Refused(data: { label: string }): Error };
  defer(): Deferred;
  retryAfter(delay: `${number} seconds`, reason: string): Error;
  notDone(reason: string): Error;
}

/** The state outside of the services, which all workers of a scenario share. */
export class Outside {
  readonly database: MemoryDatabase;
  readonly #stumbles = new Map<string, number>();
  readonly #site: Site | undefined;

  /** `site`: where the bodies of `ctx.run` run. @default the worker that runs the step */
  constructor(database: MemoryDatabase, site?: Site) {
    this.database = database;
    this.#site = site;
  }

  get siteOfStep(): Site {
    return this.#site ?? siteOfStep();
  }

  /** Counts one run of the command. Returns whether it is among the first `times`. */
  stumbles(commandId: string, times: number): boolean {
    const so = this.#stumbles.get(commandId) ?? 0;
    this.#stumbles.set(commandId, so + 1);
    return so < times;
  }
}

/** The handlers of the services on one worker. The input of a command contains how they behave. */
export const servedAt = (site: Site, outside: Outside): readonly Served[] => [
  serve(stock, {
    act: async (work, task) => run(site, outside, 'stock.act', work, task),
    ask: { run: async (work, task) => run(site, outside, 'stock.ask', work, task), cancel: async () => site.pass() },
    tell: async (work, task) => run(site, outside, 'stock.tell', work, task),
    dare: async (work, task) => run(site, outside, 'stock.dare', work, task),
    unact: async (undoing, task) => undo(site, outside, 'stock.unact', undoing, task),
  }),
  serve(
    bank,
    {
      act: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.act', work, task) },
      ask: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.ask', work, task) },
      tell: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.tell', work, task) },
      dare: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.dare', work, task) },
      unact: { effect: 'transaction', run: async (undoing, task) => undo(site, outside, 'bank.unact', undoing, task) },
    },
    { store: outside.database.store },
  ),
  serve(press, {
    act: { effect: 'once', run: async (work, task) => run(site, outside, 'press.act', work, task) },
    ask: { effect: 'once', run: async (work, task) => run(site, outside, 'press.ask', work, task) },
    tell: { effect: 'once', run: async (work, task) => run(site, outside, 'press.tell', work, task) },
    dare: { effect: 'once', run: async (work, task) => run(site, outside, 'press.dare', work, task) },
    unact: async (undoing, task) => undo(site, outside, 'press.unact', undoing, task),
  }),
];

/** The body of a step of `ctx.run`. It defers nothing. */
export const stepBody = async (outside: Outside, { label, does, once }: Run, seen: Seen, task: StepTask): Promise<Done> => {
  const errors = { Refused: (data: { label: string }): Error => task.fail('refused', data) };
  const { commandId, token, signal } = task;
  const own: WorkTask = {
    commandId,
    token,
    signal,
    errors,
    tx: undefined,
    defer: () => task.defer(),
    retryAfter: (delay, reason) => task.retryAfter(delay, reason),
    notDone: (reason) => task.notDone(reason),
  };
  const work = { label, does, seen: { ...seen } };
  return (await run(outside.siteOfStep, outside, once ? 'steps.once' : 'steps.run', work, own)) as Done;
};

/** The undo of such a step, which is given the output. */
export const stepUndo = async (outside: Outside, { stubborn = 0 }: Run, seen: Seen, done: Done, task: StepTask): Promise<void> => {
  const { commandId, undoes } = task;
  const own: AnyTask = { commandId, tx: undefined, ...(undoes !== undefined && { undoes }) };
  if (done.by !== undoes) throw new Error(`The undo of ${undoes} was given the output of ${done.by}.`);
  await undo(outside.siteOfStep, outside, 'steps.undo', { ...done, stubborn, seen: { ...seen } }, own);
};

const run = async (
  site: Site,
  outside: Outside,
  command: string,
  work: Work & { readonly seen?: Json },
  task: WorkTask,
): Promise<Done | Deferred> => {
  const { label, does, seen } = work;
  const input: Json = seen === undefined ? { label } : { label, seen };
  const done = { label, by: task.commandId };
  switch (does.is) {
    case 'refuse':
      await site.pass();
      throw task.errors.Refused({ label });
    case 'stumble': {
      const stumbles = outside.stumbles(task.commandId, does.times);
      if (stumbles && !does.after) throw new Error(`${label} stumbles before its effect.`);
      await effect(site, command, input, task);
      if (stumbles) throw new Error(`${label} stumbles after its effect.`);
      return done;
    }
    case 'busy':
      if (outside.stumbles(task.commandId, 1)) throw task.retryAfter(`${does.seconds} seconds`, 'busy');
      break;
    case 'not-done':
      if (outside.stumbles(task.commandId, does.times)) throw task.notDone('nothing has happened yet');
      break;
    case 'slow':
      await slow(site, outside, does.seconds, task);
      break;
    case 'defer': {
      // The handler has no effect of its own: the answer is the effect.
      const failure = { type: 'Refused', message: `${label} is refused.`, data: { label } };
      const answer = does.refuses ? ({ kind: 'fail', command, failure } as const) : ({ kind: 'complete', command, output: done } as const);
      site.answerLater(does.early ? 0 : does.seconds * 1_000, task.token, answer);
      if (does.early) await slow(site, outside, does.seconds, task);
      await site.pass();
      return task.defer();
    }
    case 'forget':
      await site.pass();
      return task.defer();
    case 'ok':
      break;
  }
  await effect(site, command, input, task);
  return done;
};

const slow = async (site: Site, outside: Outside, seconds: number, { commandId, signal }: WorkTask): Promise<void> => {
  if (!outside.stumbles(commandId, 1)) return;
  await site.clock.sleep(seconds * 1_000, signal);
  if (signal.aborted) throw signal.reason;
};

const undo = async (
  site: Site,
  outside: Outside,
  command: string,
  undoing: Undoing & { readonly seen?: Json },
  task: AnyTask,
): Promise<void> => {
  const { label, seen } = undoing;
  if (outside.stumbles(task.commandId, undoing.stubborn)) throw new Error(`The undo of ${label} stumbles.`);
  await effect(site, command, seen === undefined ? { label } : { label, seen }, task);
};

/**
 * Makes the effect in the foreign system, between two instants at which the worker may crash. In a transaction, the effect commits together
 * with the record.
 */
const effect = async (site: Site, command: string, input: Json, task: AnyTask): Promise<void> => {
  const made = { commandId: task.commandId, command, input, ...(task.undoes !== undefined && { undoes: task.undoes }) };
  await site.pass();
  if (task.tx) task.tx.onCommit(() => site.effect(made));
  else site.effect(made);
  await site.pass();
};
