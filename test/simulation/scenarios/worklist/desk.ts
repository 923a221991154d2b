import { serve, type Served } from 'tutti/service';
import type { Deferred } from '../../../../lib/service/task.ts';
import type { Site } from '../scenario.ts';
import { desk, oldDesk, type Verb } from './worklist-system.ts';
import type { Item, Plan, Worklist } from './worklist.ts';

interface Input {
  readonly label: string;
}
interface DeskTask {
  readonly commandId: string;
  readonly token: string;
  retryAfter(delay: `${number} seconds`, reason: string): Error;
  defer(): Deferred;
}
interface Done {
  readonly label: string;
  readonly by: string;
}

/** The handlers of the desk on one worker. `old`: those of the service without `stamp`. */
export const deskAt = (site: Site, plans: ReadonlyMap<string, Plan>, list: Worklist, old: boolean): Served => {
  const asks = (verb: Verb) => ({
    run: (input: Input, task: DeskTask) => ask(site, plans.get(input.label)!, verb, list.item(task.commandId, input.label), task),
    cancel: (input: Input, { commandId }: { readonly commandId: string }) =>
      withdraw(site, plans.get(input.label)!, list.item(commandId, input.label)),
  });
  const handlers = { approve: asks('approve'), sign: { effect: 'once' as const, ...asks('sign') } };
  if (old) return serve(oldDesk, handlers);
  return serve(desk, {
    ...handlers,
    stamp: (input, task) => stamp(site, plans.get(input.label)!, list.item(task.commandId, input.label), task),
  });
};

/** It ignores the abort signal. A worker that has lost its command goes on, as a frozen worker does. */
const slowly = async (site: Site, { slow }: Plan, run: number): Promise<void> => {
  const seconds = slow[Math.min(run, slow.length) - 1] ?? 0;
  await site.pass();
  if (seconds > 0) await site.clock.sleep(seconds * 1_000);
  await site.pass();
};

const ask = async (site: Site, plan: Plan, verb: Verb, item: Item, task: DeskTask): Promise<Done | Deferred> => {
  const run = (item.runs += 1);
  await site.pass();
  if (run <= plan.stumbles) throw task.retryAfter('1 seconds', 'it stumbles');
  if (plan.early) put(site, plan, verb, item, task.token);
  await slowly(site, plan, run);
  if (run === plan.direct) return { label: item.label, by: `run ${run}` };
  put(site, plan, verb, item, task.token);
  await site.pass();
  return task.defer();
};

const put = (site: Site, { sayings }: Plan, verb: Verb, item: Item, token: string): void => {
  if (item.used) return;
  item.used = true;
  item.listed = true;
  const { label } = item;
  for (const { afterMs, refuses, by } of sayings)
    site.answerLater(
      afterMs,
      token,
      refuses
        ? { kind: 'fail', command: `desk.${verb}`, failure: { type: 'Refused', message: `${by} refuses.`, data: { label } } }
        : { kind: 'complete', command: `desk.${verb}`, output: { label, by } },
    );
};

const withdraw = async (site: Site, plan: Plan, item: Item): Promise<void> => {
  item.cancels += 1;
  await site.pass();
  if (item.cancels <= plan.cancelStumbles) throw new Error('The list does not answer.');
  // From here on the list does not show the task, although the handler has not returned yet.
  item.used = true;
  item.listed = false;
  item.withdrawn = true;
  await site.clock.sleep(plan.cancelSeconds * 1_000);
  await site.pass();
};

const stamp = async (site: Site, plan: Plan, item: Item, task: Pick<DeskTask, 'commandId' | 'retryAfter'>): Promise<Done> => {
  const run = (item.runs += 1);
  await site.pass();
  if (run <= plan.stumbles) throw task.retryAfter('1 seconds', 'it stumbles');
  await slowly(site, plan, run);
  site.effect({ commandId: task.commandId, command: 'desk.stamp', input: { label: item.label } });
  await site.pass();
  return { label: item.label, by: `run ${run}` };
};
