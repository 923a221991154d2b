import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { Served } from '../../../../lib/service/served.ts';
import type { Deferred } from '../../../../lib/service/task.ts';
import { serve } from '../../../../lib/service/serve.ts';
import type { Site } from '../scenario.ts';
import { bank, press, stock } from './contracts.ts';
import type { Behaviour } from './program.ts';
import type { MemoryDatabase, MemoryTransaction } from './memory-database.ts';

interface Work {
  readonly label: string;
  readonly does: Behaviour;
  readonly stubborn: number;
  readonly note: string;
}
interface Undoing {
  readonly label: string;
  readonly by: string;
  readonly stubborn: number;
}
interface Done {
  readonly label: string;
  readonly by: string;
}
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
}

/** The state outside of the services, which all workers of a scenario share. */
export class Outside {
  readonly database: MemoryDatabase;
  readonly #stumbles = new Map<string, number>();

  constructor(database: MemoryDatabase) {
    this.database = database;
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
    unact: async (undoing, task) => undo(site, outside, 'stock.unact', undoing, task),
  }),
  serve(
    bank,
    {
      act: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.act', work, task) },
      ask: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.ask', work, task) },
      tell: { effect: 'transaction', run: async (work, task) => run(site, outside, 'bank.tell', work, task) },
      unact: { effect: 'transaction', run: async (undoing, task) => undo(site, outside, 'bank.unact', undoing, task) },
    },
    { store: outside.database.store },
  ),
  serve(press, {
    act: { effect: 'once', run: async (work, task) => run(site, outside, 'press.act', work, task) },
    ask: { effect: 'once', run: async (work, task) => run(site, outside, 'press.ask', work, task) },
    tell: { effect: 'once', run: async (work, task) => run(site, outside, 'press.tell', work, task) },
    unact: async (undoing, task) => undo(site, outside, 'press.unact', undoing, task),
  }),
];

const run = async (site: Site, outside: Outside, command: string, work: Work, task: WorkTask): Promise<Done | Deferred> => {
  const { label, does } = work;
  const done = { label, by: task.commandId };
  switch (does.is) {
    case 'refuse':
      await site.pass();
      throw task.errors.Refused({ label });
    case 'stumble': {
      const stumbles = outside.stumbles(task.commandId, does.times);
      if (stumbles && !does.after) throw new Error(`${label} stumbles before its effect.`);
      await effect(site, command, label, task);
      if (stumbles) throw new Error(`${label} stumbles after its effect.`);
      return done;
    }
    case 'busy':
      if (outside.stumbles(task.commandId, 1)) throw task.retryAfter(`${does.seconds} seconds`, 'busy');
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
  await effect(site, command, label, task);
  return done;
};

const slow = async (site: Site, outside: Outside, seconds: number, { commandId, signal }: WorkTask): Promise<void> => {
  if (!outside.stumbles(commandId, 1)) return;
  await site.clock.sleep(seconds * 1_000, signal);
  if (signal.aborted) throw signal.reason;
};

const undo = async (site: Site, outside: Outside, command: string, undoing: Undoing, task: AnyTask): Promise<void> => {
  if (outside.stumbles(task.commandId, undoing.stubborn)) throw new Error(`The undo of ${undoing.label} stumbles.`);
  await effect(site, command, undoing.label, task);
};

/**
 * Makes the effect in the foreign system, between two instants at which the worker may crash. In a transaction, the effect commits together
 * with the record.
 */
const effect = async (site: Site, command: string, label: string, task: AnyTask): Promise<void> => {
  const input: Json = { label };
  const made = { commandId: task.commandId, command, input, ...(task.undoes !== undefined && { undoes: task.undoes }) };
  await site.pass();
  if (task.tx) task.tx.onCommit(() => site.effect(made));
  else site.effect(made);
  await site.pass();
};
