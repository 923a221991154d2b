import { serve, type Served } from 'tutti/service';
import type { Json } from '../../../../lib/contract/schema.ts';
import { START, type Site } from '../scenario.ts';
import type { MemoryDatabase, MemoryTransaction } from '../programs/memory-database.ts';
import type { Errand, Provider } from './outages-system.ts';

/** The time in which the provider is down and its handlers fail, in milliseconds after the start of the world. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

export type EffectClass = 'key' | 'transaction' | 'once';

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
  readonly signal: AbortSignal;
  readonly tx: MemoryTransaction | undefined;
  readonly errors: { Refused(data: { readonly label: string }): Error };
  notDone(reason: string): Error;
  retryAfter(delay: `${number} seconds`, reason: string): Error;
}

const HANGS_MS = 60 * 60_000;

/** The handlers of the provider on one worker. */
export const providerAt = (
  site: Site,
  provider: Provider,
  how: {
    readonly outage: Outage;
    readonly effect: EffectClass;
    /** Until then the provider refuses each undo. Milliseconds after the start of the world. */
    readonly refusesUntilMs: number;
    readonly retryAfterSeconds: number;
    readonly database: MemoryDatabase;
    readonly done: Map<string, string>;
  },
): Served => {
  const sinceBeginning = (): number => site.clock.now() - START;
  const isDown = (): boolean => {
    const sinceMs = sinceBeginning();
    return sinceMs >= how.outage.fromMs && sinceMs < how.outage.toMs;
  };
  const does = async (command: string, label: string, task: Task): Promise<void> => {
    const input: Json = { label };
    const made = { commandId: task.commandId, command, input, ...(task.undoes !== undefined && { undoes: task.undoes }) };
    await site.pass();
    const effect = (): void => {
      site.effect(made);
      how.done.set(task.commandId, label);
    };
    if (task.tx) task.tx.onCommit(effect);
    else effect();
    await site.pass();
  };
  const fails = async (command: string, { way, label }: Errand, task: Task): Promise<never> => {
    if (way === 'not-done') throw task.notDone('The provider is down.');
    if (way === 'retry-after') throw task.retryAfter(`${how.retryAfterSeconds} seconds`, 'The provider is down.');
    if (way === 'breaks') await does(command, label, task);
    if (way === 'hangs') await site.clock.sleep(HANGS_MS, task.signal);
    throw new Error('The provider is down.');
  };
  const run = async (command: string, errand: Errand, task: Task): Promise<{ label: string }> => {
    await site.pass();
    if (isDown()) return fails(command, errand, task);
    await does(command, errand.label, task);
    return { label: errand.label };
  };
  const handler = (command: string) => ({ effect: how.effect, run: async (errand: Errand, task: Task) => run(command, errand, task) });
  return serve(
    provider,
    {
      first: handler('provider.first'),
      second: handler('provider.second'),
      third: handler('provider.third'),
      // A repeated undo has one effect, because the foreign system keeps the key.
      back: {
        effect: how.effect === 'once' ? 'key' : how.effect,
        run: async ({ label }: { readonly label: string }, task: Task) => {
          await site.pass();
          if (isDown()) throw new Error('The provider is down.');
          if (sinceBeginning() < how.refusesUntilMs) throw task.errors.Refused({ label });
          await does('provider.back', label, task);
        },
      },
    },
    how.effect === 'transaction' ? { store: how.database.store } : {},
  );
};
