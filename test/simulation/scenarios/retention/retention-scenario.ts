import { serve, type Served } from 'tutti/service';
import type { Choices } from '../../world/choices.ts';
import { effectsInto, type Act, type Effect, type EndedRun, type Expectation, type Scenario, type Site } from '../scenario.ts';
import { houses, office } from './retention-system.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The second tenant uses the same ids as the first. */
const TENANTS = ['default', 'neighbours'] as const;
const LETTINGS_MAX = 20;

interface Estate {
  readonly choices: Choices;
  readonly retentionMs: number;
  readonly acts: Act[];
  readonly expectations: Map<string, Expectation>;
  readonly done: readonly Effect[];
}

/**
 * Months pass. Closed instances are retired, and their ids are used again. Producers repeat old messages, sometimes long after the
 * instances that they started are retired. Two tenants use the same ids.
 */
export const retentionScenario = (choices: Choices): Scenario => {
  const retentionMs = DAY_MS * choices.one([7, 2, 30]);
  const done: Effect[] = [];
  const estate: Estate = { choices, retentionMs, acts: [], expectations: new Map(), done };
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1)
    for (const tenant of choices.chance(0.5) ? TENANTS : TENANTS.slice(0, 1)) letHouse(estate, `h${i}`, tenant);
  const { acts, expectations } = estate;
  return { name: 'retention', builds: [houses], serve: (site) => served(site, done, choices), acts, retentionMs, expectations };
};

const letHouse = ({ choices, retentionMs, acts, expectations, done }: Estate, id: string, tenant: string): void => {
  const pid = `${tenant}#house#${id}`;
  const publish = (type: string, eventId: string, data: Record<string, string>, happenedMs: number, laterMs: readonly number[]): void => {
    const act = {
      kind: 'publish',
      source: 'houses',
      type,
      id: eventId,
      data,
      ...(tenant !== 'default' && { tenant }),
      happenedMs,
    } as const;
    for (const later of [0, ...laterMs]) acts.push({ ...act, atMs: happenedMs + later });
  };
  const letters: string[] = [];
  let atMs = choices.below(10 * MINUTE_MS);
  // Sometimes there are more starts than the head remembers.
  for (let count = choices.chance(0.1) ? LETTINGS_MAX : choices.between(1, 3), i = 1; i <= count; i += 1) {
    const letter = `${id}-let-${i}`;
    letters.push(letter);
    const again = choices.chance(0.7) ? [later(choices, retentionMs), ...(choices.chance(0.3) ? [later(choices, retentionMs)] : [])] : [];
    publish('houses.let', letter, { id, whose: tenant, letter }, atMs, again);
    atMs += count === LETTINGS_MAX ? choices.between(20 * MINUTE_MS, HOUR_MS) : HOUR_MS + later(choices, retentionMs);
  }
  const events = Array.from({ length: choices.between(0, 2) }, (_, i) => `${id}-knock-${i + 1}`);
  for (const knock of events) publish('houses.knock', knock, { id, text: knock }, choices.below(atMs), [later(choices, retentionMs)]);
  expectations.set(pid, { starts: letters, events, operated: [], judge: (run) => judge(run, tenant, letters, done) });
};

/** A delay: short, or about as long as the retention, or much longer. */
const later = (choices: Choices, retentionMs: number): number => {
  const span = choices.one(['soon', 'about', 'after'] as const);
  if (span === 'soon') return choices.below(HOUR_MS);
  if (span === 'about') return retentionMs - 2 * HOUR_MS + choices.below(2 * DAY_MS + 4 * HOUR_MS);
  return retentionMs + 2 * DAY_MS + choices.below(20 * DAY_MS);
};

/** Over all runs of the instance, each letting was registered at most once, in its own run and for its own tenant. */
const judge = (
  { pid, run, status, entries, result }: EndedRun,
  tenant: string,
  letters: readonly string[],
  done: readonly Effect[],
): string[] => {
  const wrong: string[] = [];
  const own = done.filter(({ commandId }) => commandId.startsWith(`${pid}/`));
  const registered = own
    .filter(({ command }) => command === 'office.register')
    .map(({ input }) => input as { whose: string; letter: string });
  for (const { whose, letter } of registered)
    if (whose !== tenant || !letters.includes(letter)) wrong.push(`I15: ${pid} has registered ${letter} of ${whose}`);
  for (const letter of letters) {
    const times = registered.filter((each) => each.letter === letter).length;
    if (times > 1) wrong.push(`I7: ${pid} has registered ${letter} ${times} times`);
  }
  const [first] = entries;
  const letter = first?.type === 'ProcessStarted' ? first.id : '';
  if (status === 'completed' && result !== letter)
    wrong.push(`${pid}/${run} was let by ${letter}, and ended with ${JSON.stringify(result)}`);
  if (status === 'completed' && !registered.some((each) => each.letter === letter))
    wrong.push(`I2: ${pid}/${run} never registered ${letter}`);
  // A command that spent days in the dead-letter queue is given up. Its answer has the outcome `cancelled`.
  const isGivenUp = entries.some((entry) => entry.type === 'CommandAnswered' && entry.outcome === 'cancelled');
  if (status === 'failed' && !isGivenUp) wrong.push(`${pid}/${run} has failed, although no step of it can fail`);
  return wrong;
};

const served = (site: Site, done: Effect[], choices: Choices): readonly Served[] => {
  const does = effectsInto(site, done);
  return [
    serve(office, {
      register: async (letting, { commandId }) => does({ commandId, command: 'office.register', input: letting }),
      survey: async (_letting, task) => {
        const answer = { kind: 'complete', command: 'office.survey', output: null } as const;
        site.answerLater(choices.below(50 * DAY_MS), task.token, answer);
        await site.pass();
        return task.defer();
      },
    }),
  ];
};
