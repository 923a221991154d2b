import type { Effect, EndedRun } from '../scenario.ts';
import type { Program } from './program.ts';
import type { Seen } from './services.ts';
import type { Story } from './story.ts';
import type { Fate, Trail } from './walk.ts';

/**
 * Counts the effects in the foreign systems. Each command has one effect or none, by its outcome. Each effect that had to be undone was
 * undone once, and no other was.
 */
export const effectProblems = (run: EndedRun, story: Story, trail: Trail): readonly string[] => {
  const counts = countBy(run.effects, ({ commandId }) => commandId);
  const undone = countBy(
    run.effects.filter(({ undoes }) => undoes !== undefined),
    ({ undoes }) => String(undoes),
  );
  const late = lateSuccesses(run, story);
  const issued = new Map(story.every('CommandIssued').map((entry) => [`${run.pid}/${run.run}/${entry.n}`, entry]));
  return [
    ...[...counts].filter(([id]) => !issued.has(id)).map(([id]) => `${id} had an effect, but was never issued`),
    ...[...counts].filter(([, count]) => count > 1).map(([id, count]) => `${id} had its effect ${count} times`),
    ...trail.fates.flatMap((fate) => fateProblems(fate, counts.get(fate.id) ?? 0)),
    ...trail.fates.flatMap((fate) => undoProblems(fate, undone.get(fate.id) ?? 0, run, trail, late)),
    ...[...issued].flatMap(([id, { n, undoes }]) =>
      undoes !== undefined && story.answer(n)?.outcome === 'completed' && counts.get(id) !== 1 ? [`the undo ${id} had no effect`] : [],
    ),
    ...run.effects.flatMap((effect) => [...labelProblems(effect, trail), ...sightProblems(effect, story, trail)]),
    ...standingProblems(run, undone),
  ];
};

const countBy = (effects: readonly Effect[], key: (effect: Effect) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const effect of effects) counts.set(key(effect), (counts.get(key(effect)) ?? 0) + 1);
  return counts;
};

/** Ids of the commands that succeeded after the process had released them. */
const lateSuccesses = (run: EndedRun, story: Story): ReadonlySet<string> =>
  new Set(
    story
      .every('CommandAnswered')
      .filter(({ late, outcome }) => late && outcome === 'completed')
      .map(({ late, n }) => `${run.pid}/${late?.run}/${n}`),
  );

const fateProblems = ({ call: { label, does }, outcome }: Fate, count: number): string[] => {
  const has = count === 1 ? 'an' : 'no';
  if (outcome === 'completed') {
    const expected = does.is === 'defer' ? 0 : 1;
    return count === expected ? [] : [`${label} completed and has ${has} effect`];
  }
  const never = does.is === 'refuse' || does.is === 'forget' || does.is === 'defer';
  return count > 0 && (never || outcome === 'failed' || outcome === 'cancelled') ? [`${label} ended ${outcome} and has ${has} effect`] : [];
};

const undoProblems = ({ id, call: { label } }: Fate, count: number, run: EndedRun, trail: Trail, late: ReadonlySet<string>): string[] => {
  if (count > 1) return [`${label} was undone ${count} times`];
  if (late.has(id)) return count === 1 || run.status === 'stuck' ? [] : [`the late success of ${label} was not undone`];
  if (count === 1 && !trail.undone.has(id)) return [`${label} was undone, and nothing asked for that`];
  const ended = run.status === 'completed' || run.status === 'failed' || run.status === 'cancelled';
  return count === 0 && trail.undone.has(id) && ended ? [`${label} was not undone`] : [];
};

/** The effect of a call with `{ undo: false }` stands, even if its success comes after the end. */
export const optOutProblems = (program: Program, { effects }: EndedRun): string[] => {
  const optedOut = new Set(labelsOptedOut(program));
  const undone = effects.flatMap(({ undoes, input }) => (undoes === undefined ? [] : [(input as { readonly label?: string }).label ?? '']));
  return undone.filter((label) => optedOut.has(label)).map((label) => `${label} opted out of its undo, and was undone`);
};

const labelsOptedOut = (part: unknown): string[] => {
  if (typeof part !== 'object' || part === null) return [];
  const own = 'undo' in part && part.undo === false && 'label' in part ? [String(part.label)] : [];
  return [...own, ...Object.values(part).flatMap(labelsOptedOut)];
};

const labelProblems = (effect: Effect, trail: Trail): string[] => {
  const fate = trail.fates.find(({ id }) => id === (effect.undoes ?? effect.commandId));
  if (!fate) return [];
  const { call } = fate;
  const { label } = call;
  const isUndo = effect.undoes !== undefined;
  const ofStep = call.kind === 'run';
  const command = ofStep ? `steps.${isUndo ? 'undo' : call.once ? 'once' : 'run'}` : `${call.service}.${isUndo ? 'unact' : call.verb}`;
  const said = (effect.input as { readonly label?: string }).label;
  return effect.command === command && said === label ? [] : [`${label} had the effect of another: ${effect.command} ${said}`];
};

/**
 * The body of `ctx.run` and its undo see their variables as of the end of the activation that issued the step. That is in the journal: the
 * values of the steps before it, the number of completed commands, and the last tag.
 */
const sightProblems = ({ commandId, undoes, input }: Effect, story: Story, trail: Trail): string[] => {
  const fate = trail.fates.find(({ id }) => id === (undoes ?? commandId));
  const { seen } = input as { readonly seen?: Seen };
  if (fate?.call.kind !== 'run') return seen === undefined ? [] : [`${commandId} is no step of ctx.run, and shows what it has captured`];
  const { at, values, before } = fate.sight;
  const until = (index: number): boolean => story.activation(index) <= story.activation(at);
  const told = story.every('Tagged').findLast(({ index }) => until(index));
  const expected: Seen = {
    values: values.filter((each, index) => index < before || until(each.at)).map(({ value }) => value),
    done: trail.done.filter(until).length,
    lucky: told?.tags['lucky'] ?? null,
  };
  const [was, wanted] = [JSON.stringify(seen), JSON.stringify(expected)];
  return was === wanted ? [] : [`the body of ${fate.call.label} saw ${was}; expected: ${wanted}`];
};

const standingProblems = (run: EndedRun, undone: ReadonlyMap<string, number>): string[] => {
  const expected = run.effects.filter(({ commandId, undoes }) => undoes === undefined && !undone.has(commandId));
  const stands = new Set(run.standing.filter(({ undoes }) => undoes === undefined).map(({ commandId }) => commandId));
  return expected.length === stands.size && expected.every(({ commandId }) => stands.has(commandId))
    ? []
    : [`${stands.size} effects stand instead of ${expected.length}`];
};
