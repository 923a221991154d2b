import type { Json } from '../../../../lib/contract/schema.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario } from '../scenario.ts';
import { FATES, serveTrips, trips, type Fate } from './trip-system.ts';

const REFUSED: ReadonlySet<Fate> = new Set(['declined', 'no-flight', 'no-hotel']);
const ALL = ['flights.book', 'hotels.book', 'notices.notify', 'payments.book'];

/**
 * Bookings that are checked out, some of them twice. A confirmation comes before or after the booking, and some bookings are cancelled.
 * Each has one of seven fates.
 */
export const tripScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) script(`c${i}`, choices, acts, expectations);
  return { name: 'trips', builds: [trips], serve: serveTrips, acts, expectations };
};

const script = (cartId: string, choices: Choices, acts: Act[], expectations: Map<string, Expectation>): void => {
  const fate = choices.one(FATES);
  const pid = `default#book-trip#${cartId}`;
  const note = 'é'.repeat(choices.chance(0.2) ? 2_000 : 10);
  const publish = (type: string, id: string, data: Json, withinMs: number): void => {
    for (let copies = choices.chance(0.3) ? 2 : 1; copies > 0; copies -= 1)
      acts.push({ atMs: choices.below(withinMs), kind: 'publish', source: 'trips', type, id, data });
  };
  publish('trips.checkout', `start-${cartId}`, { cartId, fate, note, reminders: choices.chance(0.2) ? 10 : 0 }, 600_000);
  const events: string[] = [];
  if (fate === 'confirmed') {
    events.push(`confirm-${cartId}`);
    publish('trips.confirmed', `confirm-${cartId}`, { cartId, by: note }, 1_200_000);
  }
  const cancelled = choices.chance(0.15);
  if (cancelled) acts.push({ atMs: choices.below(1_800_000), kind: 'operate', pid, opid: `cancel-${cartId}`, act: 'cancel' });
  expectations.set(pid, {
    starts: [`start-${cartId}`],
    events,
    operated: cancelled ? ['cancel'] : [],
    judge: (run) => judge(run, fate, cancelled),
  });
};

const judge = (run: EndedRun, fate: Fate, cancelled: boolean): string[] => {
  const { pid, status, entries, standing, disturbed } = run;
  const wrong: string[] = [];
  const names = standing.map(({ command }) => command).toSorted();
  const unknown = unresolved(run);
  const kept = standing.filter(({ commandId }) => !unknown.has(commandId)).map(({ command }) => command);
  const right = fate === 'raced' ? [ALL.filter((name) => name !== 'hotels.book'), ALL.filter((name) => name !== 'flights.book')] : [ALL];
  if (status === 'completed' && !right.some((each) => each.join() === names.join()))
    wrong.push(`I4: ${pid} (${fate}) has completed, and ${names.join(', ')} stand`);
  // After the pivot, a cancel undoes nothing.
  if (status !== 'completed' && status !== 'stuck' && kept.length > 0 && !entries.some(({ type }) => type === 'Pivoted'))
    wrong.push(`I10: ${pid} is ${status}, but ${kept.toSorted().join(', ')} stand`);
  if (REFUSED.has(fate) && status === 'completed') wrong.push(`I10: ${pid} has completed, although it is ${fate}`);
  // A run that was stuck for long may have exhausted its retries. A failure with none of these causes is a violation.
  const givenUp = entries.some(({ type }) => type === 'CommandGivenUp');
  const excused = givenUp || REFUSED.has(fate) || fate === 'unconfirmed' || fate === 'confirmed' || cancelled || disturbed;
  if (!excused && status === 'failed') wrong.push(`I4: ${pid} has failed, although it is ${fate}`);
  return wrong;
};

/**
 * Ids of the commands whose outcome the instance does not know. They are listed as unresolved and never undone on a guess, so their effects
 * may stand.
 */
const unresolved = ({ pid, run, entries }: EndedRun): ReadonlySet<string> => {
  const ids = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'CommandGivenUp') ids.add(`${pid}/${run}/${entry.n}`);
    if (entry.type !== 'CommandAnswered' || entry.outcome === 'deferred') continue;
    const id = `${pid}/${entry.late?.run ?? run}/${entry.n}`;
    if (entry.outcome === 'unknown') ids.add(id);
    else ids.delete(id);
  }
  return ids;
};
