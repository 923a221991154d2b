import { isGate } from '../../contract/gate.ts';
import type { ObservedStep } from '../../contract/instrumentation.ts';
import { isOfStep } from '../../contract/steps.ts';
import { CHILD } from '../../core/children.ts';
import type { Image, OpenCommand } from '../../core/image.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { parseEntry } from '../../format/read-journal.ts';

/** A step that is open. `number`: of its command or timer. */
interface OpenStep {
  readonly path: string;
  readonly kind: ObservedStep['kind'];
  readonly startedAt?: number;
}

/** The state of an instance before a decision: its journal names a command that ends by its number only. */
export interface StepsBefore {
  readonly run: string;
  /** Entries of its journal. */
  readonly entries: number;
  readonly open: Map<number, OpenStep>;
}

export function stepsBefore(image: Image | undefined): StepsBefore {
  const open = new Map<number, OpenStep>();
  for (const command of image?.commands.values() ?? []) {
    const kind = kindOf(command);
    if (kind) open.set(command.n, { path: command.path, kind, startedAt: command.since });
  }
  for (const { n, path } of image?.timers.values() ?? []) if (isStep(path)) open.set(n, { path, kind: 'timer' });
  return { run: image?.run ?? '', entries: image ? image.tailFrom + image.tail.length : 0, open };
}

type Told = Pick<ObservedStep, 'run' | 'path' | 'kind' | 'state' | 'startedAt' | 'at'> & { readonly n?: number };

/** The steps that the entries of a commit begin and end, in their order. `image`: as it is committed. */
export function observedSteps(image: Image, before: StepsBefore): readonly Told[] {
  const { run, past = [], tailFrom, tail } = image;
  const from = run === before.run ? Math.max(0, before.entries - tailFrom) : 0;
  const runs = [...past.map((each) => ({ run: each.run, entries: each.entries })), { run, entries: tail.slice(from) }];
  return runs.flatMap(({ run: of, entries }) => {
    let at = image.clock;
    const open = of === before.run ? before.open : new Map<number, OpenStep>();
    return entries.flatMap((text): Told[] => {
      const entry = parseEntry(text);
      if ('at' in entry) ({ at } = entry);
      const told = toldBy(entry, { open, at, image });
      return told ? [{ run: of, at, ...told }] : [];
    });
  });
}

interface Reading {
  readonly open: Map<number, OpenStep>;
  readonly at: number;
  readonly image: Image;
}

function toldBy(entry: JournalEntry, reading: Reading): Omit<Told, 'run' | 'at'> | undefined {
  switch (entry.type) {
    case 'CommandIssued':
      return issued(entry, reading);
    case 'CommandAnswered':
      if (entry.outcome === 'deferred' || (entry.outcome === 'failed' && entry.retryable)) return undefined;
      return ended(reading, entry.n, entry.outcome);
    case 'CommandGivenUp':
      return ended(reading, entry.n, 'unknown');
    case 'CommandAbandoned':
      return ended(reading, entry.n, 'cancelled');
    case 'TimerSet':
      if (!isStep(entry.path)) return undefined;
      reading.open.set(entry.n, { path: entry.path, kind: 'timer', startedAt: reading.at });
      return { path: entry.path, kind: 'timer', state: 'begun', n: entry.n };
    case 'TimerFired':
    case 'TimerCleared':
      return ended(reading, entry.n, entry.type === 'TimerFired' ? 'completed' : 'cancelled');
    case 'EventTaken':
      return { path: entry.path, kind: 'wait', state: 'completed' };
    case 'ScopeOpened':
      return { path: entry.path, kind: 'scope', state: 'begun' };
    case 'ScopeClosed':
      return { path: entry.path, kind: 'scope', state: entry.status === 'fulfilled' ? 'completed' : entry.status };
    case 'EventPublished':
      return { path: entry.path, kind: 'publish', state: 'completed' };
    default:
      return undefined;
  }
}

/** A command that is issued again under another number goes on with its step. */
function issued(
  { n, path, command, owner, mode, undoes }: Extract<JournalEntry, { type: 'CommandIssued' }>,
  { open, at, image }: Reading,
): Omit<Told, 'run' | 'at'> | undefined {
  const kind = kindOf({ command, owner, mode: undoes === undefined ? (mode ?? 'call') : 'undo' });
  if (!kind) return undefined;
  const startedAt = image.commands.get(n)?.since ?? at;
  open.set(n, { path, kind, startedAt });
  return startedAt === at ? { path, kind, state: 'begun', n } : undefined;
}

function ended({ open }: Reading, n: number, state: ObservedStep['state']): Omit<Told, 'run' | 'at'> | undefined {
  const step = open.get(n);
  open.delete(n);
  return step && { ...step, state, n };
}

/** Undefined for a command of the engine that is no step of its process, such as a subscription. */
function kindOf({ command, owner, mode }: Pick<OpenCommand, 'command' | 'owner' | 'mode'>): ObservedStep['kind'] | undefined {
  if (owner !== undefined) return command === CHILD && !isGate(owner) ? 'child' : undefined;
  if (mode === 'undo') return 'undo';
  if (isOfStep(command)) return 'run';
  return mode === 'send' ? 'send' : 'call';
}

/** The other timers end waits and pauses. */
function isStep(path: string): boolean {
  return !/(?:^|\/)(?:timeout|retry)$/.test(path);
}
