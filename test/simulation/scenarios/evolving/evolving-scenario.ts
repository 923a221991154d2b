import { serve, type Served } from 'tutti/service';
import type { Json } from '../../../../lib/contract/schema.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { anyShop, drawnBuilds, strictBuild } from './evolving-system.ts';

const MINUTE_MS = 60_000;

/**
 * Services change their contracts while runs of their callers are open: a new field, another default, a new version, another undo mapper,
 * another build of a schema library. Old and new workers run at the same time. The change must not affect any run.
 */
export const evolvingScenario = (choices: Choices): Scenario => {
  const builds = drawnBuilds(choices);
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  const end = choices.between(5 * MINUTE_MS, 30 * MINUTE_MS);
  for (let build = 1; build < builds.length; build += 1) acts.push({ kind: 'deploy', atMs: choices.below(end) });
  for (let count = choices.between(1, 4), i = 1; i <= count; i += 1) {
    const id = `e${i}`;
    const pid = `default#evolving#${id}`;
    const data = { id, rounds: choices.between(1, 3), fails: choices.chance(0.4) };
    acts.push({ kind: 'publish', source: 'evolving', type: 'evolving.begun', id: `${id}-begun`, data, atMs: choices.below(end) });
    const cancelled = choices.chance(0.15);
    if (cancelled) acts.push({ kind: 'operate', atMs: choices.below(end), pid, opid: `${id}-cancel`, act: 'cancel' });
    expectations.set(pid, {
      starts: [`${id}-begun`],
      events: [],
      operated: cancelled ? ['cancel'] : [],
      judge: (run) => judge(run, data),
    });
  }
  const replayedOn = [strictBuild(choices)];
  return { name: 'evolving', builds, compatible: true, replayedOn, serve: served, acts, expectations };
};

const judge = (
  { status, result, entries, effects, standing, disturbed }: EndedRun,
  { rounds, fails }: { readonly rounds: number; readonly fails: boolean },
): string[] => {
  const wrong: string[] = [];
  const isCancelled = entries.some(({ type }) => type === 'CancelRequested');
  const placed = effects.filter(({ command }) => command === 'shop.place').length;
  if (status === 'completed' && (fails || !Array.isArray(result) || result.length !== rounds || placed !== rounds))
    wrong.push(`it completed with ${JSON.stringify(result)}, and has placed ${placed} of ${rounds}`);
  if (status === 'failed' && !fails && !disturbed) wrong.push('it failed, and was expected to complete');
  if (status === 'cancelled' && !isCancelled) wrong.push('it is cancelled without a request to cancel');
  if (status === 'stuck' && !disturbed) wrong.push('it is stuck');
  if ((status === 'failed' || status === 'cancelled') && standing.some(({ command }) => command === 'shop.place'))
    wrong.push(`I10: it ended ${status}, and an effect of shop.place stands`);
  return wrong;
};

const served = (site: Site): readonly Served[] => {
  const does = async (commandId: string, command: string, input: Json, undoes?: string): Promise<void> => {
    await site.pass();
    site.effect({ commandId, command, input, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  return [
    serve(anyShop, {
      place: async (task, { commandId }) => {
        await does(commandId, 'shop.place', task);
        return { ref: commandId };
      },
      note: async (task, { commandId }) => does(commandId, 'shop.note', task),
      back: async (back, { commandId, undoes }) => does(commandId, 'shop.back', back, undoes),
    }),
  ];
};
