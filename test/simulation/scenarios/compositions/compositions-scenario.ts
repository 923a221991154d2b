import { serve, type Served } from 'tutti/service';
import { keyPid } from '../../../../lib/contract/keys.ts';
import type { Json } from '../../../../lib/contract/schema.ts';
import { identityOf } from '../../../../lib/core/identity.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import { effectsInto, published, type Act, type Effect, type EndedRun, type Expectation, type Scenario, type Site } from '../scenario.ts';
import { stage, theatres } from './compositions-system.ts';
import type { Part, Play, PlayStep } from './play.ts';

const MINUTE_MS = 60_000;
const SPAN_MS = 20 * MINUTE_MS;
/** A child that is still stuck then holds its parent, which asks for it again and again: an operator terminates it. */
const GIVEN_UP_MS = 40 * 86_400_000;
const DEPTH_MAX = 3;
const KEYS = ['k1', 'k2'] as const;

/**
 * Random processes of all parts at once: children, keys, runs that continue as new, maps, shielded scopes, detached children, questions and
 * changes of the code, cancelled, terminated and paused. One law judges them all:
 * the makes that stand are those that the result of an instance names or, if it failed, those of the runs before its last one.
 */
export const compositionsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const done: Effect[] = [];
  const plays = new Map<string, Expectation>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) playOf(`p${i}`, { choices, acts, plays, done });
  for (const key of KEYS) {
    const events = moves(key, choices, acts);
    for (const process of ['play', 'part']) {
      const pid = keyPid((of) => identityOf(sha256, of), 'default', { process, event: 'floor.moved', key });
      plays.set(pid, { starts: [], events, endless: true, operated: [], judge: () => [] });
    }
  }
  if (choices.chance(0.5)) acts.push({ kind: 'deploy', atMs: choices.below(SPAN_MS) });
  return { name: 'compositions', builds: theatres, compatible: true, serve: (site) => served(site, done), acts, expectations: plays };
};

interface Drawing {
  readonly choices: Choices;
  readonly acts: Act[];
  readonly plays: Map<string, Expectation>;
  readonly done: readonly Effect[];
}

const playOf = (id: string, { choices, acts, plays, done }: Drawing): void => {
  const generator = new Generator(id, choices);
  const legs = Array.from({ length: choices.chance(0.4) ? choices.between(2, 3) : 1 }, () => generator.play(0, 4));
  const pid = `default#play#${id}`;
  const begins = choices.below(MINUTE_MS);
  const data = { id, leg: 1, kept: [], legs: legs as unknown as Json };
  acts.push(published('plays.begun', `${id}-begun`, data, begins));
  if (choices.chance(0.2)) acts.push(published('plays.begun', `${id}-begun`, data, begins + choices.below(SPAN_MS)));
  const events: string[] = [];
  for (const type of ['go', 'asked'])
    for (let count = choices.below(4), i = 1; i <= count; i += 1) {
      const event = `${id}-${type}-${i}`;
      events.push(event);
      const atMs = choices.below(begins + SPAN_MS);
      acts.push(published(`plays.${type}`, event, { id }, atMs));
      if (choices.chance(0.2)) acts.push(published(`plays.${type}`, event, { id }, atMs + choices.below(SPAN_MS)));
    }
  const operated = operates(pid, begins, choices, acts);
  plays.set(pid, { starts: [`${id}-begun`], events, operated, sound: true, judge: (run) => judge(run, done) });
  for (const child of generator.children) {
    const part = `default#part#${child}`;
    acts.push({ kind: 'operate', atMs: GIVEN_UP_MS, pid: part, opid: `${child}-terminate`, act: 'terminate' });
    plays.set(part, {
      starts: [],
      events: [],
      begunByAnother: true,
      operated: ['terminate'],
      sound: true,
      judge: (run) => judge(run, done),
    });
  }
};

const operates = (pid: string, begins: number, choices: Choices, acts: Act[]): Expectation['operated'] => {
  const operate = (act: Expectation['operated'][number] & ('cancel' | 'terminate' | 'pause' | 'resume'), atMs: number): void => {
    acts.push({ kind: 'operate', atMs, pid, opid: `${pid}-${act}`, act });
  };
  const drawn = choices.below(10);
  const atMs = begins + choices.below(choices.chance(0.5) ? MINUTE_MS : SPAN_MS);
  if (drawn === 9) operate('terminate', atMs);
  else if (drawn >= 6) operate('cancel', atMs);
  else if (drawn === 5) {
    operate('pause', atMs);
    operate('resume', atMs + choices.below(SPAN_MS));
  }
  return drawn === 9 ? ['terminate'] : drawn >= 6 ? ['cancel'] : drawn === 5 ? ['pause', 'resume'] : [];
};

/** The events of a key, some of them twice. */
const moves = (key: string, choices: Choices, acts: Act[]): string[] =>
  Array.from({ length: choices.below(4) }, (_, i) => {
    const move = `${key}-moved-${i + 1}`;
    const atMs = choices.below(SPAN_MS);
    acts.push(published('floor.moved', move, { key, move }, atMs));
    if (choices.chance(0.3)) acts.push(published('floor.moved', move, { key, move }, atMs + choices.below(SPAN_MS)));
    return move;
  });

/** Draws the plays of one instance and of its children. */
class Generator {
  readonly children: string[] = [];
  readonly #id: string;
  readonly #choices: Choices;
  #labels = 0;
  #left = 16;

  constructor(id: string, choices: Choices) {
    this.#id = id;
    this.#choices = choices;
  }

  play(depth: number, most: number, isChild = false): Play {
    return Array.from({ length: this.#choices.between(1, most) }, () => this.#step(depth, isChild));
  }

  #label(): string {
    this.#labels += 1;
    return `s${this.#labels}`;
  }

  #step(depth: number, isChild: boolean): PlayStep {
    const choices = this.#choices;
    this.#left -= 1;
    const deeper = depth < DEPTH_MAX && this.#left > 0;
    const seconds = choices.one([1, 20, 200, 900]);
    switch (choices.below(deeper ? 17 : 9)) {
      case 0:
      case 1:
      case 2:
        return { kind: 'make', label: this.#label(), does: choices.one(['ok', 'ok', 'ok', 'slow', 'refuse']) };
      case 3:
        return { kind: 'tell', label: this.#label() };
      case 4:
        return { kind: 'sleep', seconds };
      case 5:
        return choices.chance(0.6) ? { kind: 'wait', seconds, key: choices.one(KEYS) } : { kind: 'wait', seconds };
      case 6:
        return isChild ? { kind: 'sleep', seconds } : { kind: 'answer', seconds };
      case 7:
        return { kind: 'patched', change: choices.one(['c1', 'c2']), label: this.#label() };
      case 8:
        return choices.chance(0.3) ? { kind: 'fail' } : { kind: 'make', label: this.#label(), does: 'ok' };
      case 9:
        return {
          kind: 'scope',
          name: choices.one(['room', 'hall']),
          shielded: choices.chance(0.6),
          body: this.play(depth + 1, 3, isChild),
        };
      case 10:
        return { kind: 'race', branches: this.#several(depth, isChild) };
      case 11:
        return { kind: 'all', branches: this.#several(depth, isChild) };
      case 12:
      case 13: {
        const items = Array.from({ length: choices.between(1, 4) }, () => this.play(DEPTH_MAX, 2, isChild));
        return { kind: 'map', items, atOnce: choices.between(1, 3), ...(choices.chance(0.5) && { tolerate: choices.below(3) }) };
      }
      case 14:
        return { kind: 'catch', body: this.play(depth + 1, 3, isChild) };
      default: {
        if (isChild) return { kind: 'make', label: this.#label(), does: 'ok' };
        const id = `${this.#id}-${this.#label()}`;
        this.children.push(id);
        return { kind: 'child', id, play: this.play(depth + 1, 3, true), detached: choices.chance(0.3) };
      }
    }
  }

  #several(depth: number, isChild: boolean): readonly Play[] {
    return Array.from({ length: this.#choices.between(2, 3) }, () => this.play(depth + 1, 2, isChild));
  }
}

/** The makes of an instance that stand are those of its result or, without a result, those of the runs before its last one. */
const judge = ({ pid, run, status, entries, result, disturbed }: EndedRun, done: readonly Effect[]): string[] => {
  const [started] = entries;
  if (disturbed || started?.type !== 'ProcessStarted') return [];
  const id = pid.slice(pid.lastIndexOf('#') + 1);
  const undone = new Set(done.flatMap(({ undoes }) => undoes ?? []));
  // The outcome of a step that was given up is unknown, so an operator has to undo it.
  const isGivenUp = (commandId: string): boolean =>
    entries.some((entry) => entry.type === 'CommandGivenUp' && entry.unresolved && commandId === `${pid}/${run}/${entry.n}`);
  const stands = done
    .filter(({ command, commandId, input }) => command === 'stage.make' && (input as { id: string }).id === id && !undone.has(commandId))
    .filter(({ commandId }) => !isGivenUp(commandId))
    .map(({ input }) => (input as { label: string }).label);
  const { kept: before } = started.data as unknown as Part;
  if (status === 'terminated') return before.every((each) => stands.includes(each)) ? [] : [`I10: ${pid} has undone ${before.join()}`];
  if (status !== 'completed' && status !== 'failed' && status !== 'cancelled') return [];
  const kept = status === 'completed' ? (result as { readonly kept: readonly string[] }).kept : before;
  return stands.toSorted().join() === kept.toSorted().join()
    ? []
    : [`I10: ${pid} is ${status} and keeps ${kept.toSorted().join() || 'nothing'}, and ${stands.toSorted().join() || 'nothing'} stands`];
};

const served = (site: Site, done: Effect[]): readonly Served[] => {
  const does = effectsInto(site, done);
  return [
    serve(stage, {
      make: async (input, { commandId, errors }) => {
        if (input.does === 'refuse') throw errors.Refused({ label: input.label });
        if (input.does === 'slow') await site.clock.sleep(40_000);
        await does({ commandId, command: 'stage.make', input });
      },
      unmake: async (input, { commandId, undoes }) =>
        does({ commandId, command: 'stage.unmake', input, ...(undoes !== undefined && { undoes }) }),
      tell: async (input, { commandId }) => does({ commandId, command: 'stage.tell', input }),
    }),
  ];
};
