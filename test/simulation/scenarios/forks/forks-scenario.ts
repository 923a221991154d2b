import { serve, type Served } from 'tutti/service';
import { keyPid } from '../../../../lib/contract/keys.ts';
import type { Json } from '../../../../lib/contract/schema.ts';
import { identityOf } from '../../../../lib/core/identity.ts';
import type { ForkRequest } from '../../../../lib/core/inbound.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import {
  effectsInto,
  published,
  type Act,
  type Effect,
  type EndedRun,
  type Expectation,
  type OperatorAct,
  type Scenario,
  type Site,
} from '../scenario.ts';
import { agency, KEY, tours, type Does, type Leg } from './forks-system.ts';
import { judgeBookings } from './judge-bookings.ts';

const MINUTE_MS = 60_000;
const SPAN_MS = 20 * MINUTE_MS;
const ENTRIES_MAX = 40;
/** An original asks a fork that is still stuck again and again: an operator terminates it. */
const GIVEN_UP_MS = 40 * 86_400_000;

/**
 * Tours that operators fork, while they run and after their end, beside replies, events, timers, cancels and other forks. Some forks are
 * refused, or get an id that another tour has. One law judges all instances together (`judgeBookings`).
 */
export const forksScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const done: Effect[] = [];
  const ends = new Map<string, EndedRun>();
  const expectations = new Map<string, Expectation>();
  const ids = Array.from({ length: choices.between(1, 3) }, (_, i) => `t${i + 1}`);
  const drawing = { choices, acts, ids };
  for (const id of ids) forksOf(id, drawing);
  const forked = new Set(
    acts.flatMap((act) => (act.kind === 'operate' && act.fork ? [act.fork.to] : [])).filter((id) => !ids.includes(id)),
  );
  const expects = (id: string, expectation: Partial<Expectation>, judged: (end: EndedRun) => readonly string[]): void => {
    const pid = `default#tour#${id}`;
    expectations.set(pid, {
      starts: [],
      ...events(id, drawing),
      sound: true,
      judge: (end) => {
        ends.set(pid, end);
        return judged(end);
      },
      ...expectation,
    });
  };
  for (const id of forked) expects(id, { begunByAnother: true }, () => []);
  // The last one is judged when all ends are known.
  for (const [i, id] of ids.entries()) expects(id, orderOf(id, drawing), () => (i === ids.length - 1 ? judgeBookings(ends, done) : []));
  moves(drawing, expectations);
  return { name: 'forks', builds: [tours], serve: (site) => served(site, done), acts, expectations };
};

interface Drawing {
  readonly choices: Choices;
  readonly acts: Act[];
  readonly ids: readonly string[];
}

const orderOf = (id: string, { choices, acts }: Drawing): Pick<Expectation, 'starts'> => {
  const legs = Array.from({ length: choices.between(2, 7) }, () => legOf(choices));
  const atMs = choices.below(MINUTE_MS);
  acts.push(published('tours.ordered', `${id}-ordered`, { id, legs: legs as unknown as Json }, atMs));
  if (choices.chance(0.2))
    acts.push(published('tours.ordered', `${id}-ordered`, { id, legs: legs as unknown as Json }, atMs + choices.below(SPAN_MS)));
  return { starts: [`${id}-ordered`] };
};

const legOf = (choices: Choices): Leg => {
  const seconds = choices.one([5, 60, 300, 900]);
  const does = (): Does => choices.one(['ok', 'ok', 'slow', 'ok', 'ok', 'ok', 'slow', 'refuse']);
  const several = (): readonly Does[] => Array.from({ length: choices.between(2, 3) }, does);
  switch (choices.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return { kind: 'book', does: does() };
    case 4:
      return { kind: 'price' };
    case 5:
      return { kind: 'tell' };
    case 6:
    case 7:
      return { kind: 'both', does: several() };
    case 8:
      return { kind: 'caught', does: several() };
    case 9:
      return { kind: 'word', seconds };
    case 10:
      return { kind: 'key', seconds };
    case 11:
      return choices.chance(0.5) ? { kind: 'fail' } : { kind: 'book', does: 'ok' };
    default:
      return { kind: 'sleep', seconds };
  }
};

/** Words that come to an instance, at times before it begins, and the operations on it. */
const events = (id: string, { choices, acts }: Drawing): Pick<Expectation, 'events' | 'operated'> => {
  const words = Array.from({ length: choices.below(3) }, (_, i) => `${id}-word-${i + 1}`);
  for (const word of words) acts.push(published('tours.word', word, { id }, choices.below(SPAN_MS)));
  const pid = `default#tour#${id}`;
  const operated: OperatorAct[] = [];
  const operate = (act: 'cancel' | 'terminate' | 'pause' | 'resume', atMs: number): void => {
    acts.push({ kind: 'operate', atMs, pid, opid: `${id}-${act}`, act });
    operated.push(act);
  };
  const atMs = choices.below(choices.chance(0.5) ? 2 * MINUTE_MS : 2 * SPAN_MS);
  const drawn = choices.below(10);
  if (drawn === 9) operate('terminate', atMs);
  else if (drawn >= 7) operate('cancel', atMs);
  else if (drawn === 6) {
    operate('pause', atMs);
    operate('resume', atMs + choices.below(SPAN_MS));
  }
  acts.push({ kind: 'operate', atMs: GIVEN_UP_MS, pid, opid: `${id}-given-up`, act: 'terminate' });
  return { events: words, operated: [...operated, 'terminate'] };
};

const moves = ({ choices, acts }: Drawing, expectations: Map<string, Expectation>): void => {
  const ids = Array.from({ length: choices.below(4) }, (_, i) => `moved-${i + 1}`);
  for (const id of ids) acts.push(published('tours.moved', id, { key: KEY }, choices.below(SPAN_MS)));
  const pid = keyPid((of) => identityOf(sha256, of), 'default', { process: 'tour', event: 'tours.moved', key: KEY });
  expectations.set(pid, { starts: [], events: ids, endless: true, operated: [], judge: () => [] });
};

/** Requests for forks of a tour, and of its forks. An operator may ask for one while another one has not begun. */
const forksOf = (id: string, { choices, acts, ids }: Drawing): void => {
  const made = [id];
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const of = choices.chance(0.6) ? id : choices.one(made);
    // A tour has the id, or takes it meanwhile.
    const isTaken = choices.chance(i === 1 ? 0.3 : 0.1);
    const to = isTaken ? choices.one(ids) : `${id}~f${i}`;
    const atMs = choices.below(choices.chance(0.5) ? 3 * MINUTE_MS : 3 * SPAN_MS);
    if (to !== of)
      acts.push({ kind: 'operate', atMs, pid: `default#tour#${of}`, opid: `${id}-fork-${i}`, act: 'fork', fork: request(to, choices) });
    if (!isTaken) made.push(to);
  }
};

const request = (to: string, choices: Choices): ForkRequest => {
  const step = `agency.book:${choices.between(1, 3)}`;
  const at = choices.one([step, choices.below(ENTRIES_MAX), step, 'start', choices.below(ENTRIES_MAX), 'agency.price:1']);
  const completed = choices.one(['undo', 'leave', undefined, { [step]: 'undo' }] as const);
  return {
    to,
    at,
    events: choices.one(['all', 'none']),
    ...(choices.chance(0.8) && { supersede: true as const }),
    ...(completed !== undefined && { completed }),
    ...(at === step && choices.chance(0.4) && { input: { does: choices.one(['ok', 'slow']) } }),
  };
};

const SLOW_MS = 40_000;

const served = (site: Site, done: Effect[]): readonly Served[] => {
  const does = effectsInto(site, done);
  return [
    serve(agency, {
      book: async (input, { commandId, errors }) => {
        if (input.does === 'refuse') throw errors.Refused({});
        if (input.does === 'slow') await site.clock.sleep(SLOW_MS);
        await does({ commandId, command: 'agency.book', input });
        return { booking: commandId };
      },
      unbook: async (input, { commandId, undoes }) =>
        does({ commandId, command: 'agency.unbook', input, ...(undoes !== undefined && { undoes }) }),
      price: async () => ({ price: 1 }),
      tell: async (input, { commandId }) => does({ commandId, command: 'agency.tell', input }),
    }),
  ];
};
