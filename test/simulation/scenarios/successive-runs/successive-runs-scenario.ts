import { serve, type Served } from 'tutti/service';
import type { Json } from '../../../../lib/contract/schema.ts';
import type { Choices } from '../../world/choices.ts';
import { effectsInto, type Act, type Effect, type EndedRun, type Expectation, type Scenario, type Site } from '../scenario.ts';
import { depot, lives, SOUND, WAYS } from './successive-runs-system.ts';

const MINUTE_MS = 60_000;

/**
 * Instances end and start again. Events come before their start, answers come after their run, code throws until a build fixes it, and
 * operators resume before the fix. The state that outlives a run must stay right.
 */
export const successiveRunsScenario = (choices: Choices): Scenario => {
  const done: Effect[] = [];
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 4), i = 1; i <= count; i += 1) live(`l${i}`, choices, acts, expectations, done);
  // If a worker fails during an effect of class `once`, the outcome is unknown.
  const effect = choices.chance(0.3) ? 'once' : 'key';
  // With a batch of 1, different workers decide events of the same instant at the same time.
  const batch = choices.one([10, 1, 10, 1]);
  return { name: 'successive-runs', builds: lives, serve: (site) => served(site, done, effect), acts, batch, expectations };
};

const live = (id: string, choices: Choices, acts: Act[], expectations: Map<string, Expectation>, done: readonly Effect[]): void => {
  const pid = `default#life#${id}`;
  const publish = (atMs: number, type: string, eventId: string, data: Record<string, Json>): void => {
    const act = { kind: 'publish', source: 'lives', type, id: eventId, data } as const;
    acts.push({ ...act, atMs });
    // The producer publishes it again, sometimes during another run.
    if (choices.chance(0.4)) acts.push({ ...act, atMs: atMs + choices.below(choices.chance(0.5) ? 5_000 : 20 * MINUTE_MS) });
  };
  const starts: string[] = [];
  const operated: Expectation['operated'][number][] = [];
  const operate = (act: 'terminate' | 'resume', atMs: number): void => {
    operated.push(act);
    acts.push({ kind: 'operate', atMs, pid, opid: `${id}-${act}-${operated.length}`, act });
  };
  // A run that is terminated while it waits leaves its answers to the runs after it.
  const cutShort = choices.chance(0.5);
  const begins = choices.below(2 * MINUTE_MS);
  let atMs = begins;
  let answeredAt = 0;
  for (let count = choices.between(1, 4), i = 1; i <= count; i += 1) {
    starts.push(`${id}-born-${i}`);
    const way = choices.one(cutShort && choices.chance(0.7) ? SOUND : WAYS);
    const seconds = choices.one(cutShort ? [20, 5, 0] : [0, 0, 5, 20]);
    publish(atMs, 'lives.born', `${id}-born-${i}`, { id, way, seconds, frail: cutShort && choices.chance(0.4) });
    // If the answer to the previous run is still to come, half of the acts arrive together with it.
    if (cutShort && choices.chance(0.7))
      operate('terminate', answeredAt > atMs && choices.chance(0.5) ? answeredAt + choices.below(50) : atMs + choices.below(20_000));
    answeredAt = atMs + seconds * 1_000;
    atMs += choices.below(choices.chance(0.5) ? 25_000 : 10 * MINUTE_MS);
  }
  // Many events come before the start or together with it. Of a crowd, the first comes before the start and all others with it.
  const crowd = choices.chance(0.4);
  const events = Array.from({ length: crowd ? choices.between(3, 6) : choices.between(0, 3) }, (_, i) => `${id}-word-${i + 1}`);
  for (const [i, word] of events.entries()) {
    const any = choices.one([choices.below(begins + 1), begins, choices.below(atMs + MINUTE_MS)]);
    publish(crowd ? (i === 0 ? choices.below(begins + 1) : begins) : any, 'lives.word', word, { id, text: word });
  }
  for (let resumes = choices.below(6); resumes > 0; resumes -= 1) operate('resume', choices.below(atMs + 5 * MINUTE_MS));
  expectations.set(pid, { starts, events, operated, judge: (run) => judge(run, id, done) });
};

/** Over all runs of the instance, at most one command noted each word. */
const judge = ({ pid, status, entries, disturbed }: EndedRun, id: string, done: readonly Effect[]): string[] => {
  // The effects of a terminated or restored run are not undone, and those of a stuck run not yet.
  if (status === 'stuck' || disturbed || entries.some(({ type }) => type === 'TerminateRequested')) return [];
  const wrong: string[] = [];
  const own = done.filter(({ commandId }) => commandId.startsWith(`${pid}/`));
  const heard = new Map<string, Set<string>>();
  for (const { commandId, command, input } of own)
    if (command === 'depot.note') {
      const { text } = input as { text: string };
      heard.set(text, (heard.get(text) ?? new Set()).add(commandId));
    }
  for (const [text, ids] of heard) if (ids.size > 1) wrong.push(`I4: ${pid} (${id}) has noted ${text} ${ids.size} times`);
  return wrong;
};

const served = (site: Site, done: Effect[], effect: 'once' | 'key'): readonly Served[] => {
  const does = effectsInto(site, done);
  return [
    serve(depot, {
      take: {
        effect,
        run: async (thing, { commandId }) => {
          if (thing.seconds > 0) await site.clock.sleep(thing.seconds * 1_000);
          await does({ commandId, command: 'depot.take', input: thing });
          if (thing.frail && effect === 'once') throw new Error('The handler fails after its effect.');
          return { thing: commandId };
        },
      },
      put: async ({ thing }, { commandId, undoes }) =>
        does({ commandId, command: 'depot.put', input: { thing }, ...(undoes !== undefined && { undoes }) }),
      note: async (saying, { commandId }) => does({ commandId, command: 'depot.note', input: saying }),
    }),
  ];
};
