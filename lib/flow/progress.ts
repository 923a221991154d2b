import type { JournalEntry } from '../core/journal-entry.ts';
import type { Outcome } from '../contract/wire/envelope.ts';
import { LOUD, type Flow } from './flow.ts';
import type { Walk } from './walk.ts';

/**
 * running     a command was sent, and its reply has not come
 * waiting     a timer, an event or the answer to a deferred command is awaited
 * done        the last reply was a success, or the entry has no reply
 * failed      the last reply was a failure, or the outcome is unknown
 * cancelled   the command or the timer was given up before it had an effect
 * undone      its effect was undone, or its undo is on the way
 */
export type NodeState = 'running' | 'waiting' | 'done' | 'failed' | 'cancelled' | 'undone';

/** The progress of a run at one node. */
export interface NodeProgress {
  readonly state: NodeState;
  /** How often the run came here. 0 for a choice, a loop or a fork between two nodes that it reached, which leaves no entry. */
  readonly times: number;
  /** Attempts of the last command here that ended without a reply. */
  readonly retries: number;
  /** Process time of the last change, as a Unix time in milliseconds. */
  readonly since: number;
}

interface Counted {
  state: NodeState;
  times: number;
  retries: number;
  since: number;
}

/** The progress of a run at each node that its journal has reached. A node that an entry may or may not belong to is left out. */
export function progressOf(flow: Flow, entries: readonly JournalEntry[], { places, tokens }: Walk): ReadonlyMap<string, NodeProgress> {
  const progress = new Map<string, Counted>();
  const undos = new Set<number>();
  let now = 0;
  for (const [at, entry] of entries.entries()) {
    if ('at' in entry) now = entry.at;
    const [id, ...others] = places[at] ?? [];
    if (id === undefined || others.length > 0) continue;
    if (entry.type === 'CommandIssued' && entry.undoes !== undefined) undos.add(entry.n);
    const change = changeBy(entry, undos);
    if (!change) continue;
    const known = progress.get(id);
    const counted = known ?? { state: 'done', times: 0, retries: 0, since: now };
    progress.set(id, counted);
    if (change.state !== undefined) counted.state = change.state;
    if (change.state !== undefined || change.comes) counted.since = now;
    if (change.comes) counted.times += 1;
    counted.retries = change.retries === 'one more' ? counted.retries + 1 : change.comes ? 0 : counted.retries;
  }
  const ended = entries.some(({ type }) => ENDS.has(type));
  for (const { id, kind } of flow.nodes)
    if (!ended && kind === 'wait' && tokens.includes(id) && !progress.has(id))
      progress.set(id, { state: 'waiting', times: 1, retries: 0, since: now });
  if (!ended && !openNodes(progress).length) {
    const [wait, ...others] = waitsAfter(flow, tokens);
    if (wait !== undefined && others.length === 0)
      progress.set(wait, { times: 1, ...progress.get(wait), state: 'waiting', retries: 0, since: now });
  }
  for (const id of passed(flow, progress)) progress.set(id, { state: 'done', times: 0, retries: 0, since: now });
  return progress;
}

/** The nodes at which an open run is now: it waits there for a reply, a timer or an event. */
export function openNodes(progress: ReadonlyMap<string, Pick<NodeProgress, 'state'>>): string[] {
  return [...progress].flatMap(([id, { state }]) => (state === 'running' || state === 'waiting' ? [id] : []));
}

/** The waits that a run can have begun since its last entry: a wait for an event leaves none. */
export function waitsAfter({ nodes, edges }: Flow, tokens: readonly string[]): string[] {
  const kinds = new Map(nodes.map(({ id, kind }) => [id, kind]));
  const seen = new Set(tokens);
  const found: string[] = [];
  for (const at of seen) {
    const kind = kinds.get(at);
    if (kind === 'wait' && !tokens.includes(at)) found.push(at);
    else if (tokens.includes(at) || (kind !== undefined && !LOUD.has(kind)))
      for (const { from, to, kind: edge } of edges) if (from === at && edge === undefined) seen.add(to);
  }
  return found;
}

interface Change {
  readonly state?: NodeState;
  /** The run comes to the node with this entry. */
  readonly comes?: boolean;
  readonly retries?: 'one more';
}

function changeBy(entry: JournalEntry, undos: ReadonlySet<number>): Change | undefined {
  switch (entry.type) {
    case 'CommandIssued':
      if (entry.undoes !== undefined) return { state: 'undone' };
      return { state: entry.mode === 'send' ? 'done' : 'running', comes: true };
    case 'CommandAnswered':
      if (undos.has(entry.n)) return { state: 'undone' };
      return { state: OUTCOMES[entry.outcome] };
    case 'AttemptTimedOut':
      return { retries: 'one more' };
    case 'TimerSet':
      return entry.path.endsWith('/retry') ? undefined : { state: 'waiting', comes: true };
    case 'TimerFired':
    case 'EventTaken':
      return { state: 'done' };
    case 'TimerCleared':
      // The time-out of a wait ends with the wait, whose event may be taken.
      return entry.path.endsWith('/timeout') ? undefined : { state: 'cancelled' };
    case 'ProcessFailed':
      return { state: 'failed' };
    case 'ProcessStarted':
    case 'ProcessCompleted':
    case 'RunContinued':
    case 'ScopeOpened':
    case 'CompensationRegistered':
    case 'EventPublished':
    case 'EventAnswered':
    case 'Pivoted':
      return { state: 'done', comes: true };
    case 'CompensationStarted':
    case 'UndoRequested':
      return { state: 'undone', comes: true };
    default:
      return undefined;
  }
}

const OUTCOMES: Readonly<Record<Outcome, NodeState>> = {
  completed: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  deferred: 'waiting',
  unknown: 'failed',
};

/** The nodes without entries that lie between two nodes that the run has reached. */
function passed({ nodes, edges }: Flow, reached: ReadonlyMap<string, unknown>): string[] {
  const silent = new Set(nodes.filter(({ kind }) => !LOUD.has(kind)).map(({ id }) => id));
  const spread = (from: 'from' | 'to', to: 'from' | 'to'): Set<string> => {
    const found = new Set<string>();
    const waiting = [...reached.keys()];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop())
      for (const edge of edges)
        if (edge[from] === at && silent.has(edge[to]) && !found.has(edge[to]) && !reached.has(edge[to])) {
          found.add(edge[to]);
          waiting.push(edge[to]);
        }
    return found;
  };
  const before = spread('to', 'from');
  return [...spread('from', 'to')].filter((id) => before.has(id));
}

const ENDS: ReadonlySet<JournalEntry['type']> = new Set([
  'ProcessCompleted',
  'ProcessFailed',
  'ProcessCancelled',
  'ProcessTerminated',
  'RunContinued',
]);
