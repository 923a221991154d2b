import { CHILD } from './children.ts';
import { FORK } from './forking.ts';
import type { Choice, ForkInput, ForkRequest } from './inbound.ts';
import type { OpenCommand } from './image.ts';
import type { Decided, JournalEntry, Origin, RecordedFact } from './journal-entry.ts';
import { isFact } from './replay.ts';

/**
 * The plan of a fork. Input: the journal of the original, and the request. Output: the prefix, and what the fork does with each step that the
 * original completed after it, or the reasons for a refusal. The client shows the plan before it asks, the engine makes it again.
 *
 * L1 A step of the prefix that was undone after it refuses the fork, unless the operator adopts it by name; one that belongs to another fork
 *    refuses it always.
 * L2 A completed step with an undo needs a choice, unless it was open at the cut: then its reply is adopted. The step at the cut runs again.
 * L3 An open step with an undo needs none: a late success is undone by the original. Any other open step must be left by name.
 */
export interface ForkPlan {
  /** The number of entries of the prefix. */
  readonly entries: number;
  readonly later: readonly LaterStep[];
  /** Journal indices of the events that the fork receives again. */
  readonly events: readonly number[];
  /** Of the step at the cut: its command. */
  readonly cut: { readonly n: number; readonly path: string; readonly command: string } | undefined;
  /** Empty if the fork may begin. */
  readonly refusals: readonly string[];
}

/** A step of the original that matters to the choice of an operator. */
export interface LaterStep {
  readonly n: number;
  readonly path: string;
  readonly command: string;
  /**
   * completed  it succeeded after the cut
   * open       it has no outcome yet, and the fork closes the original
   * undone     it succeeded, and the original has undone it
   * adopted    it succeeded, and another fork has it
   */
  readonly state: 'completed' | 'open' | 'undone' | 'adopted';
  /** It was issued before the cut, so the fork waits for it. */
  readonly awaited: boolean;
  /** Undefined if the command has an undo, and the operator has to choose. */
  readonly choice: Choice | undefined;
}

export interface Original extends Origin {
  readonly entries: readonly JournalEntry[];
  /** Its open commands; undefined if it has ended. */
  readonly open: readonly OpenCommand[] | undefined;
  /** Of a fork: its own prefix, in which it cannot be cut. */
  readonly prefix: number;
  /** Whether a command can be undone. @default undefined if the contracts are not known: a choice is asked for */
  readonly hasUndo: (command: string) => boolean | undefined;
}

interface Step {
  readonly n: number;
  readonly path: string;
  readonly command: string;
  readonly issuedAt: number;
  readonly isCall: boolean;
  /** Index of the reply that completed it. */
  completedAt?: number;
  /** The id under which its service knows it. */
  id: string;
  undo?: 'open' | 'done';
  owner?: string;
}

export function planFork(original: Original, request: ForkRequest): ForkPlan {
  const { entries } = original;
  const refusals: string[] = [];
  const at = cutOf(original, request.at);
  if (at === undefined) return { entries: 0, later: [], events: [], cut: undefined, refusals: [noCut(request.at)] };
  if (at.entries > 0 && at.entries <= original.prefix)
    refusals.push(`the cut lies in the ${original.prefix} entries that it has from its own original: fork that one, or cut later`);
  if (original.open && !request.supersede) refusals.push('it is open: end it first, or ask to supersede it');
  const steps = stepsOf(original);
  const forks = forksOf(entries);
  const later: LaterStep[] = [];
  for (const step of steps.values()) {
    if (!step.isCall || step.completedAt === undefined) continue;
    const taken = forks.find((fork) => fork.has(step));
    const chosen = chosenFor(request, step.path);
    if (step.completedAt < at.entries) {
      if (original.hasUndo(step.command) === false) continue;
      if (taken) refusals.push(`${step.path} belongs to the fork ${taken.to}: fork that one, or cut earlier`);
      else if (step.undo && chosen !== 'adopt')
        refusals.push(`${step.path} was completed before the cut and undone after it: cut before it, or adopt it by name`);
      continue;
    }
    const awaited = step.issuedAt < at.entries;
    const state = step.undo ? 'undone' : taken ? 'adopted' : 'completed';
    const choice = state === 'completed' ? choiceFor(original, request, step, awaited && step.n !== at.cut?.n) : undefined;
    later.push({ n: step.n, path: step.path, command: step.command, state, awaited, choice });
    refusals.push(...faultsOf({ step, state, awaited, choice, chosen }));
  }
  for (const open of original.open ?? []) {
    if (open.mode === 'undo') refusals.push(`${open.path} is open: wait until it is undone`);
    if (open.mode !== 'call' || open.detached || open.command === FORK) continue;
    const { n, path, command } = open;
    const undoable = !open.stands && original.hasUndo(command) !== false;
    const choice = undoable ? ('undo' as const) : chosenFor(request, path);
    later.push({ n, path, command, state: 'open', awaited: (steps.get(n)?.issuedAt ?? 0) < at.entries, choice });
    if (open.owner !== undefined) refusals.push(`the child at ${path} is open: wait for its end, or cancel it`);
    else if (choice !== 'undo' && choice !== 'leave')
      refusals.push(`${path} is open and has no undo: wait for its outcome, or leave it by name, so that it may have its effect twice`);
  }
  for (const path of namedIn(request)) if (![...steps.values()].some((step) => step.path === path)) refusals.push(`it has no step ${path}`);
  const events = eventsAfter(entries, at.entries, request.events);
  if (typeof events === 'string') refusals.push(events);
  return { entries: at.entries, later, events: typeof events === 'string' ? [] : events, cut: at.cut, refusals };
}

function noCut(at: ForkRequest['at']): string {
  return typeof at === 'number' ? `its journal has no entry ${at}` : `its journal has no step ${at}`;
}

/**
 * The number of entries of the prefix. A call or a timer is cut after it was requested, so the fork waits for it; any other step before the
 * fact that led to it.
 */
function cutOf(
  { entries, prefix }: Original,
  at: ForkRequest['at'],
): { readonly entries: number; readonly cut: ForkPlan['cut'] } | undefined {
  if (at === 'start') return { entries: 0, cut: undefined };
  const index = typeof at === 'number' ? at : entries.findIndex((entry) => !isFact(entry) && entry.path === at);
  const entry = entries[index];
  if (!entry) return undefined;
  const isIncluded = typeof at === 'number' || entry.type === 'CommandIssued' || entry.type === 'TimerSet';
  const before = entries.findLastIndex((each, i) => i <= index && isFact(each));
  const until = isIncluded ? nextFact(entries, index + 1) : before;
  const cut = typeof at === 'string' && entry.type === 'CommandIssued' ? entry : undefined;
  // A fork sends the step again at its own beginning.
  return { entries: prefix > 0 && until === prefix ? nextFact(entries, prefix + 1) : until, cut };
}

function nextFact(entries: readonly JournalEntry[], from: number): number {
  const next = entries.findIndex((each, i) => i >= from && isFact(each));
  return next === -1 ? entries.length : next;
}

/** The commands of the journal, by number. The names change at each cut of an earlier fork. */
function stepsOf({ entries, pid, run }: Original): Map<number, Step> {
  const steps = new Map<number, Step>();
  const undone = new Map<number, string>();
  let names: Origin = { pid, run };
  const undo = (id: string, how: 'open' | 'done'): void => {
    for (const step of steps.values()) if (step.id === id) step.undo = how;
  };
  for (const [index, entry] of entries.entries())
    switch (entry.type) {
      case 'ProcessStarted':
      case 'Forked':
        names = entry.origin ?? { pid, run };
        break;
      case 'CommandIssued': {
        const { n, path, command, mode, undoes, owner } = entry;
        if (undoes !== undefined) {
          undone.set(n, undoes);
          undo(undoes, 'open');
        } else
          steps.set(n, {
            n,
            path,
            command,
            issuedAt: index,
            isCall: mode !== 'send' && command !== FORK,
            id: '',
            ...(owner !== undefined && { owner }),
          });
        break;
      }
      case 'CommandAnswered': {
        const { n, outcome, late, adopted } = entry;
        if (outcome !== 'completed') break;
        const step = late ? undefined : steps.get(n);
        const undoes = undone.get(n);
        if (undoes !== undefined) undo(undoes, 'done');
        else if (step) Object.assign(step, { completedAt: index, id: adopted ?? `${names.pid}/${names.run}/${n}` });
        break;
      }
      default:
    }
  return steps;
}

/** Earlier forks that have not been refused, and the steps that they have taken over. */
function forksOf(entries: readonly JournalEntry[]): { readonly to: string; readonly has: (step: Step) => boolean }[] {
  return entries.flatMap((entry) => {
    if (entry.type !== 'ForkRequested') return [];
    const issued = entries.find(
      (each): each is Extract<Decided, { type: 'CommandIssued' }> => each.type === 'CommandIssued' && each.path === `fork/${entry.id}`,
    );
    const isRefused = entries.some(
      (each) => each.type === 'CommandAnswered' && each.n === issued?.n && each.outcome !== 'completed' && each.late === undefined,
    );
    if (isRefused) return [];
    const { entries: prefix, adopt = [] } = entry.data as unknown as ForkInput;
    return [
      {
        to: entry.to.slice(entry.to.lastIndexOf('#') + 1),
        has: ({ n, completedAt = Infinity }: Step) => completedAt < prefix || adopt.includes(n),
      },
    ];
  });
}

function chosenFor({ completed }: ForkRequest, path: string): Choice | undefined {
  return typeof completed === 'object' && Object.hasOwn(completed, path) ? completed[path] : undefined;
}

function namedIn({ completed }: ForkRequest): string[] {
  return typeof completed === 'object' ? Object.keys(completed) : [];
}

function choiceFor({ hasUndo }: Original, request: ForkRequest, { path, command }: Step, adopts: boolean): Choice | undefined {
  const chosen = chosenFor(request, path);
  if (chosen) return chosen;
  if (adopts) return 'adopt';
  if (hasUndo(command) === false) return 'leave';
  return typeof request.completed === 'string' ? request.completed : undefined;
}

function faultsOf({
  step: { path, command },
  state,
  awaited,
  choice,
  chosen,
}: {
  readonly step: Step;
  readonly state: LaterStep['state'];
  readonly awaited: boolean;
  readonly choice: Choice | undefined;
  readonly chosen: Choice | undefined;
}): string[] {
  if (state !== 'completed') return chosen && chosen !== 'leave' ? [`${path} is ${state}: it can only be left`] : [];
  if (choice === undefined) return [`${path} was completed after the cut: choose adopt, undo or leave for it`];
  if (choice === 'adopt' && !awaited)
    return [`${path} was requested after the cut, so it cannot be adopted: cut later, or undo or leave it`];
  if (command === CHILD && (choice === 'undo' || (awaited && choice === 'leave')))
    return [`${path} is a child: ${awaited ? 'adopt its result' : 'leave it'}, or cut elsewhere`];
  return [];
}

function eventsAfter(entries: readonly JournalEntry[], from: number, wanted: ForkRequest['events']): number[] | string {
  const all = entries.flatMap((entry, index) => (index >= from && entry.type === 'EventReceived' ? [{ entry, index }] : []));
  if (wanted === 'none') return [];
  if (wanted === 'all') return all.map(({ index }) => index);
  const missing = wanted.find((id) => !all.some(({ entry }) => entry.id === id));
  if (missing !== undefined) return `it received no event ${missing} after the cut`;
  return all.filter(({ entry }) => wanted.includes(entry.id)).map(({ index }) => index);
}

/** The entries of the prefix as the fork journals them: the names of the original are written where they hold. */
export function prefixOf(texts: readonly string[], { pid, run, named }: Origin & { readonly named: string }): string[] {
  return texts.map((text) => {
    if (!text.includes('"type":"ProcessStarted"') && !text.includes('"type":"Forked"')) return text;
    const entry = JSON.parse(text) as RecordedFact;
    if (entry.type === 'Forked') return JSON.stringify({ ...entry, origin: entry.origin ?? { pid, run } });
    if (entry.type !== 'ProcessStarted') return text;
    const { parent: _parent, ...rest } = entry;
    return JSON.stringify({ ...rest, origin: entry.origin ?? { pid, run }, named: entry.named ?? named });
  });
}
