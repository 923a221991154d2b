import type { Duration } from 'tutti';
import { MOST_MS, pauseCeilingMs, retryPolicy } from '../../../../lib/contract/retry-policy.ts';
import type { Choices } from '../../world/choices.ts';
import { MemoryDatabase } from '../programs/memory-database.ts';
import type { Act, Expectation, Scenario } from '../scenario.ts';
import { judgeErrands, type Plan } from './judge-errands.ts';
import { outageSystem, VERBS, WAYS, type Errand, type Terms } from './outages-system.ts';
import { providerAt, type EffectClass, type Outage } from './provider.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The maximum number of pauses of one command during an outage. Each run after a pause takes a dozen steps of the simulation. */
const PAUSES_MAX = 150;
/** The limit of attempts for a command that would have more pauses. */
const HURRIED_ATTEMPTS = 100;

/**
 * A provider is down for minutes or hours, rarely for most of a day, while processes call it. The default retry policy outlasts the outage,
 * short policies do not. Each errand draws how its calls fail during the outage.
 */
export const outagesScenario = (choices: Choices): Scenario => {
  const fromMs = choices.below(5 * MINUTE_MS);
  const outage: Outage = { fromMs, toMs: fromMs + outageMs(choices) };
  const isLong = outage.toMs - fromMs >= 8 * HOUR_MS;
  const drawn = (): Terms => bounded(drawnTerms(choices), outage);
  const terms = { first: drawn(), second: drawn(), third: drawn(), back: drawnBack(choices) };
  const effect = choices.one<EffectClass>(['key', 'transaction', 'key', 'once']);
  // A refused undo makes the instance stuck. After this time, a resume completes it.
  const refusesUntilMs = choices.chance(0.2) ? choices.one([30 * MINUTE_MS, HOUR_MS]) : 0;
  const retryAfterSeconds = choices.one([60, 600, 3_600]);
  const { provider, system } = outageSystem(terms);
  const database = new MemoryDatabase();
  const done = new Map<string, string>();
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = isLong ? 1 : choices.between(1, 3), i = 1; i <= count; i += 1) {
    const id = `o${i}`;
    const pid = `default#errands#${id}`;
    const plan: Plan = { errands: drawnErrands(choices, id), fails: choices.chance(0.3), terms, outage, effect };
    const { errands, fails } = plan;
    const sentMs = choices.below(10 * MINUTE_MS);
    acts.push({ kind: 'publish', source: 'outages', type: 'outages.sent', id: `${id}-sent`, data: { id, errands, fails }, atMs: sentMs });
    const cancelled = choices.chance(0.15);
    if (cancelled)
      acts.push({
        kind: 'operate',
        pid,
        opid: `${id}-cancel`,
        act: 'cancel',
        atMs: sentMs + choices.below(choices.one([2, 30, 600]) * MINUTE_MS),
      });
    expectations.set(pid, {
      starts: [`${id}-sent`],
      events: [],
      operated: cancelled ? ['cancel'] : [],
      optsOut: errands.some(({ stands }) => stands),
      judge: (run) => judgeErrands(plan, run),
    });
  }
  return {
    name: 'outages',
    builds: [system],
    serve: (site) => [providerAt(site, provider, { outage, effect, refusesUntilMs, retryAfterSeconds, database, done })],
    finds: (commandId, command) => {
      const label = done.get(commandId);
      if (label === undefined) return { failure: { type: 'NotDone', message: 'The provider has no record of it.', data: null } };
      return { output: command === 'provider.back' ? null : { label } };
    },
    acts,
    expectations,
    services: { workers: choices.between(1, 2), polls: choices.chance(0.3), receivesMax: 25 },
  };
};

/** From two minutes to eight hours. Sixteen hours are rare, because each run during the outage is simulated. */
const outageMs = (choices: Choices): number =>
  choices.chance(0.01)
    ? 16 * HOUR_MS
    : choices.one([2 * MINUTE_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS]);

const drawnTerms = (choices: Choices): Terms => {
  const timeout = choices.one<Duration>(['15 minutes', '1 minute', '10 seconds']);
  if (choices.chance(0.4)) return { timeout };
  const first = choices.chance(0.4) ? { first: choices.one<Duration>(['10 minutes', '1 second', '1 minute']) } : {};
  const long = 'first' in first && first.first === '10 minutes';
  const most = choices.chance(0.4) ? { most: choices.one<Duration>(['10 minutes', '1 hour', long ? '1 hour' : '1 minute']) } : {};
  return {
    timeout,
    ...(choices.chance(0.7) && { attempts: choices.between(1, 5) }),
    ...(choices.chance(0.4) && { within: choices.one<Duration>(['2 hours', '20 minutes', '90 seconds']) }),
    ...first,
    ...most,
    ...(choices.chance(0.3) && { factor: choices.one([1, 1.5, 4]) }),
  };
};

/** Limits the attempts of a policy that has short pauses during a long outage. Without the limit, the world would consist of its runs. */
const bounded = (terms: Terms, { fromMs, toMs }: Outage): Terms => {
  const { timeout: _, ...retry } = terms;
  const policy = retryPolicy(retry);
  // A growing pause has reached its maximum by the twentieth attempt.
  const longestMs = pauseCeilingMs(policy, 20);
  const spanMs = Math.min(toMs - fromMs, policy.withinMs);
  const isHurried = terms.attempts === undefined && longestMs < Math.min(MOST_MS, spanMs / PAUSES_MAX);
  return isHurried ? { ...terms, attempts: HURRIED_ATTEMPTS } : terms;
};

/** Most undo commands have the default policy, so that they succeed after the outage. */
const drawnBack = (choices: Choices): Terms => ({
  timeout: choices.one<Duration>(['15 minutes', '1 minute', '10 seconds']),
  ...(choices.chance(0.15) && { attempts: choices.between(1, 3) }),
});

const drawnErrands = (choices: Choices, id: string): readonly Errand[] =>
  Array.from({ length: choices.between(1, 3) }, (_, i) => {
    const verb = choices.one(VERBS);
    return {
      label: `${id}-${i + 1}`,
      verb,
      way: choices.one([...WAYS, 'throws', 'breaks']),
      raceSeconds: choices.chance(0.3) ? choices.one([30, 300, 3_600]) : 0,
      stands: verb !== 'third' && choices.chance(0.15),
      caught: choices.chance(0.7),
    };
  });
