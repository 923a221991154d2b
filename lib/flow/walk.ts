import type { JournalEntry } from '../core/journal-entry.ts';
import { LOUD, type Flow, type FlowNode } from './flow.ts';

/** The places of the entries of a journal on a flow. */
export interface Walk {
  /** By position in the journal: the nodes to which the entry can belong, one unless the source allows several. Empty: it fits none. */
  readonly places: readonly (readonly string[])[];
  /** The nodes at which the run is after the last entry. */
  readonly tokens: readonly string[];
}

/**
 * A possible position of the run after an entry: the tokens of its branches. A token is the id of a node, or of a fork and the first node of a
 * branch that no entry has begun (`n3>n5`), then `@` and the path of its scope, with ordinals.
 */
interface Position {
  readonly tokens: ReadonlySet<string>;
  /** The node of the entry. */
  readonly node: string | undefined;
  readonly before: Position[];
}

/** More positions at a time are dropped, the last found first. */
const POSITIONS_MAX = 64;

/**
 * Places each entry of a journal on the graph of its definition. An entry moves a token along nodes that leave no entry (choices, loops, forks)
 * to the next node with the path of the entry. If several ways fit, all are kept until a later entry fits only some of them.
 */
export function walk(flow: Flow, entries: readonly JournalEntry[]): Walk {
  return new Walker(flow).walk(entries);
}

/** An entry's path without ordinals. */
interface Key {
  readonly scope: readonly string[];
  readonly name: string;
  readonly kinds: ReadonlySet<FlowNode['kind']>;
  /** The entry is the time-out of a wait, or its subscription to a key. */
  readonly announces?: 'timeout' | 'subscribe';
  /** It begins a compensation, which no token has led to. */
  readonly begins?: boolean;
  /** The path of the scope of the entry, with ordinals. A token of another run of the same scope does not move. */
  readonly within: string;
  /** The path of the scope that it opens. */
  readonly opens?: string;
}

/** How an entry finds its node. */
type Find =
  | { readonly by: 'key'; readonly key: Key }
  | { readonly by: 'node'; readonly ids: readonly string[] }
  /** It belongs to the node of an earlier entry. */
  | { readonly by: 'entry'; readonly index: number; readonly closes?: string }
  | { readonly by: 'end'; readonly kind: 'end' | 'failure'; readonly data: unknown; readonly otherwise: number }
  /** It belongs to the instance as a whole. */
  | { readonly by: 'start' };

const ISSUES: ReadonlySet<FlowNode['kind']> = new Set(['command', 'step', 'child', 'send']);
const TIMERS: ReadonlySet<FlowNode['kind']> = new Set(['timer']);
const WAITS: ReadonlySet<FlowNode['kind']> = new Set(['wait']);

class Walker {
  readonly #flow: Flow;
  readonly #nodes: ReadonlyMap<string, FlowNode>;
  readonly #next = new Map<string, string[]>();
  readonly #order: ReadonlyMap<string, number>;
  /** By node and key: the nodes to which an entry moves a token. */
  readonly #targets = new Map<string, readonly Target[]>();

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#nodes = new Map(flow.nodes.map((node) => [node.id, node]));
    this.#order = new Map(flow.nodes.map(({ id }, at) => [id, at]));
    for (const { from, to, kind } of flow.edges) if (kind !== 'undo') this.#next.set(from, [...(this.#next.get(from) ?? []), to]);
  }

  walk(entries: readonly JournalEntry[]): Walk {
    const start = this.#flow.nodes[0]?.id;
    if (start === undefined) return { places: entries.map(() => []), tokens: [] };
    const finds = findsOf(this.#flow, entries);
    let positions: Position[] = [{ tokens: new Set([`${start}@`]), node: start, before: [] }];
    const layers: Position[][] = [];
    for (const find of finds) {
      positions = this.#step(positions, find);
      layers.push(positions);
    }
    return this.#read(finds, layers, start);
  }

  #step(positions: readonly Position[], find: Find): Position[] {
    const next = new Map<string, Position>();
    const add = (tokens: ReadonlySet<string>, node: string | undefined, before: Position): void => {
      const key = `${[...tokens].toSorted().join(' ')}|${node}`;
      const known = next.get(key);
      if (known) known.before.push(before);
      else if (next.size < POSITIONS_MAX) next.set(key, { tokens, node, before: [before] });
    };
    for (const position of positions) {
      if (find.by === 'key') this.#move(position, find, add);
      else if (find.by === 'end') for (const node of this.#endsFrom(position, find)) add(new Set([`${node}@`]), node, position);
      else if (find.by === 'entry' && find.closes !== undefined) add(closed(position.tokens, find.closes), undefined, position);
    }
    // An entry that fits no position, and one that moves no token, leave every position as it is.
    if (next.size === 0) for (const position of positions) add(position.tokens, undefined, position);
    return [...next.values()];
  }

  #move(
    position: Position,
    { key }: Extract<Find, { by: 'key' }>,
    add: (tokens: ReadonlySet<string>, node: string, before: Position) => void,
  ): void {
    const after = key.opens ?? key.within;
    if (key.begins) {
      for (const node of this.#flow.nodes)
        if (fits(node, key)) add(new Set([...position.tokens, `${node.id}@${after}`]), node.id, position);
      return;
    }
    for (const token of position.tokens) {
      const { at, scope } = tokenParts(token);
      if (!scope.startsWith(key.within)) continue;
      for (const { node, forks, closed } of this.#targetsOf(at, key)) {
        const tokens = new Set(position.tokens);
        // A subscription, and the timer of a loop over events, come before the first event.
        if (key.announces !== 'subscribe' && !(key.announces && this.#nodes.get(node)?.repeats)) {
          tokens.delete(token);
          for (const fork of forks) tokens.add(`${fork}@${key.within}`);
          for (const region of closed) for (const each of tokens) if (this.#isWithin(each, region)) tokens.delete(each);
          tokens.add(`${node}@${after}`);
        }
        add(tokens, node, position);
      }
    }
  }

  /** Whether a node lies between the fork of a join and the join. */
  #isWithin(token: string, join: FlowNode): boolean {
    const at = this.#order.get(tokenParts(token).from) ?? -1;
    return at >= (this.#order.get(join.fork ?? join.id) ?? 0) && at <= (this.#order.get(join.id) ?? 0);
  }

  #targetsOf(token: string, key: Key): readonly Target[] {
    const cached = `${token}|${key.scope.join('/')}|${key.name}|${[...key.kinds].join(' ')}`;
    const known = this.#targets.get(cached);
    if (known) return known;
    const found: Target[] = [];
    const seen = new Set<string>();
    const { from, branch } = tokenParts(token);
    const waiting: Target[] = [{ node: from, forks: [], closed: [] }];
    for (let at = waiting.pop(); at; at = waiting.pop())
      for (const id of this.#next.get(at.node) ?? []) {
        if (seen.has(id) || (at.node === from && branch !== undefined && id !== branch)) continue;
        seen.add(id);
        const node = this.#nodes.get(id) as FlowNode;
        const closed = node.kind === 'join' ? [...at.closed, node] : at.closed;
        const forks = at.node === from && branch !== undefined ? at.forks : [...at.forks, ...this.#othersOf(at.node, id)];
        const next: Target = { node: id, forks, closed };
        if (fits(node, key)) found.push(next);
        else if (isSilent(node)) waiting.push(next);
      }
    this.#targets.set(cached, found);
    return found;
  }

  /** The tokens of the branches of a fork that are not taken: a branch for items is taken once for each of them. */
  #othersOf(id: string, taken: string): string[] {
    const node = this.#nodes.get(id);
    if (node?.kind !== 'fork') return [];
    return (this.#next.get(id) ?? []).filter((to) => to !== taken || node.repeats).map((to) => `${id}>${to}`);
  }

  /** The ends that the run can reach without another entry, and that the result does not contradict. */
  #endsFrom(position: Position, { kind, data }: Extract<Find, { by: 'end' }>): string[] {
    const found = new Set<string>();
    for (const token of position.tokens)
      for (const id of this.#silentFrom(token)) {
        const node = this.#nodes.get(id);
        if (node?.kind === kind && !contradicts(node, data)) found.add(id);
      }
    return [...found];
  }

  #silentFrom(token: string): Set<string> {
    const { from, branch } = tokenParts(token);
    const seen = new Set<string>(branch === undefined ? [] : [branch]);
    const waiting = [branch ?? from];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop())
      for (const id of this.#next.get(at) ?? []) {
        if (seen.has(id)) continue;
        seen.add(id);
        if (isSilent(this.#nodes.get(id) as FlowNode)) waiting.push(id);
      }
    return seen;
  }

  /** A branch that no entry has begun waits at its first events. */
  #shown(token: string): string[] {
    const { from, branch } = tokenParts(token);
    if (branch === undefined) return [from];
    return [branch, ...this.#silentFrom(token)].filter((id) => this.#nodes.get(id)?.kind === 'wait');
  }

  /** From the last entry back: only positions that lead to the last ones remain. */
  #read(finds: readonly Find[], layers: readonly (readonly Position[])[], start: string): Walk {
    const places: (readonly string[])[] = [];
    let alive = new Set(layers.at(-1));
    const tokens = [...new Set([...alive].flatMap((position) => [...position.tokens].flatMap((token) => this.#shown(token))))];
    for (let at = layers.length - 1; at >= 0; at -= 1) {
      places[at] = [...new Set([...alive].flatMap(({ node }) => node ?? []))];
      alive = new Set([...alive].flatMap(({ before }) => before));
    }
    // An entry of an earlier one comes later in the journal, so its node is known.
    for (const [at, find] of finds.entries()) {
      if (find.by === 'start') places[at] = [start];
      if (find.by === 'node') places[at] = find.ids;
      if (find.by === 'entry') places[at] = places[find.index] ?? [];
      if (find.by === 'end' && places[at]?.length === 0) places[at] = places[find.otherwise] ?? [start];
    }
    return { places, tokens };
  }
}

/** The parts of a token, or of one without its scope: `n3>n5@pay:1/` has the node `n3` and the branch `n5`. */
function tokenParts(token: string): {
  readonly at: string;
  readonly from: string;
  readonly branch: string | undefined;
  readonly scope: string;
} {
  const [at = '', scope = ''] = token.split('@');
  const [from = '', branch] = at.split('>');
  return { at, from, branch, scope };
}

/** The tokens after the end of a scope: those within it are in the scope around it. */
function closed(tokens: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const around = scopeOf(path);
  return new Set(
    Array.from(tokens, (token) => (tokenParts(token).scope.startsWith(`${path}/`) ? `${tokenParts(token).at}@${around}` : token)),
  );
}

/** The path of the scope around a step. */
function scopeOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

interface Target {
  readonly node: string;
  /** The other branches of the forks on the way: a token stays at each, as the ids of the fork and of its first node. */
  readonly forks: readonly string[];
  /** The joins on the way, whose branches are over. */
  readonly closed: readonly FlowNode[];
}

function isSilent({ kind, name }: FlowNode): boolean {
  return !LOUD.has(kind) && (kind !== 'join' || name === undefined);
}

function fits(node: FlowNode, { scope, name, kinds }: Key): boolean {
  if (!kinds.has(node.kind) || node.name === undefined || (node.name !== name && node.name !== '*')) return false;
  return node.scope.length === scope.length && node.scope.every((label, at) => label === '*' || label === scope[at]);
}

function contradicts({ returns }: FlowNode, data: unknown): boolean {
  if (!returns || typeof data !== 'object' || data === null) return false;
  return Object.entries(returns).some(([name, value]) => (data as Record<string, unknown>)[name] !== value);
}

/** For each entry: how its node is found. */
function findsOf(flow: Flow, entries: readonly JournalEntry[]): Find[] {
  const reader = flow.kind === 'decider' ? new DeciderEntries(flow) : new ProcessEntries();
  return entries.map((entry, at) => reader.find(entry, at));
}

/** The entries of a process: a decision names its node by its path, and a fact the decision that it answers by its number. */
class ProcessEntries {
  readonly #byNumber = new Map<number, number>();
  readonly #byPath = new Map<string, number>();
  #last: number | undefined;
  #failed: number | undefined;

  find(entry: JournalEntry, at: number): Find {
    const find = this.#find(entry);
    if (find.by === 'key') this.#last = at;
    if ('n' in entry && entry.n !== undefined && 'path' in entry) this.#byNumber.set(entry.n, at);
    if ('path' in entry && entry.path !== '') this.#byPath.set(baseOf(entry.path), this.#byPath.get(baseOf(entry.path)) ?? at);
    if (entry.type === 'CommandAnswered' && entry.outcome !== 'completed') this.#failed = at;
    return find;
  }

  #find(entry: JournalEntry): Find {
    switch (entry.type) {
      case 'CommandAnswered':
      case 'AttemptTimedOut':
      case 'TimerFired':
        return this.#entry(this.#byNumber.get(entry.n));
      case 'ProcessCompleted':
        return { by: 'end', kind: 'end', data: entry.data, otherwise: this.#last ?? -1 };
      case 'RunContinued':
        return { by: 'end', kind: 'end', data: undefined, otherwise: this.#last ?? -1 };
      case 'ProcessFailed':
        return { by: 'end', kind: 'failure', data: entry.data, otherwise: this.#failed ?? this.#last ?? -1 };
      default:
        return 'path' in entry ? this.#decided(entry) : { by: 'start' };
    }
  }

  #decided(entry: Extract<JournalEntry, { readonly path: string }>): Find {
    const known = this.#byPath.get(baseOf(entry.path));
    if (known !== undefined) return { by: 'entry', index: known, ...(entry.type === 'ScopeClosed' && { closes: entry.path }) };
    const kinds = KINDS[entry.type];
    // A change of view and tags, and the time-out of the process, belong to the step before.
    if (!kinds || entry.path === 'timeout') return this.#entry(this.#last);
    if (entry.path.endsWith('/subscribe')) return { by: 'key', key: { ...keyOf(entry.path, WAITS), announces: 'subscribe' } };
    const waits = entry.type === 'TimerSet' && entry.path.endsWith('/timeout');
    return {
      by: 'key',
      key: {
        ...keyOf(entry.path, waits ? WAITS : kinds),
        ...(waits && { announces: 'timeout' }),
        ...(entry.type === 'CompensationStarted' && { begins: true }),
        ...((entry.type === 'ScopeOpened' || entry.type === 'CompensationStarted') && { opens: `${entry.path}/` }),
      },
    };
  }

  #entry(index: number | undefined): Find {
    return index === undefined ? { by: 'start' } : { by: 'entry', index };
  }
}

/** By the type of a decision: the kinds of its node. */
const KINDS: Partial<Record<JournalEntry['type'], ReadonlySet<FlowNode['kind']>>> = {
  CommandIssued: ISSUES,
  DispatchRefused: ISSUES,
  EventTaken: WAITS,
  TimerSet: TIMERS,
  BranchWon: new Set(['join']),
  ScopeOpened: new Set(['scope']),
  UndoRequested: new Set(['undo']),
  CompensationRegistered: new Set(['compensation']),
  CompensationStarted: new Set(['undo']),
  Pivoted: new Set(['pivot']),
  EventPublished: new Set(['publish']),
  EventAnswered: new Set(['answer']),
};

/** The path of the step that an undo, a retry or a time-out belongs to. */
function baseOf(path: string): string {
  return path.replace(/(\/(undo|retry|timeout))+$/, '');
}

function keyOf(path: string, kinds: Key['kinds']): Key {
  const base = baseOf(path.replace(/\/subscribe$/, ''));
  const parts = base
    .replace(/\/answer(:\d+)$/, '%answer$1')
    .split('/')
    .map((part) => part.replace(/:\d+$/, ''));
  const name = (parts.pop() ?? '').replace('%answer', '/answer');
  return { scope: parts, name, kinds, within: scopeOf(base.replace(/\/answer(?=:\d+$)/, '')) };
}

/** The entries of a decider: a fact begins a handler, and the decisions after it are its actions. No way has to be found. */
class DeciderEntries {
  readonly #flow: Flow;
  readonly #byNumber = new Map<number, { readonly ids: readonly string[]; readonly name: string }>();
  #handler: readonly string[];

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#handler = flow.nodes.slice(0, 1).map(({ id }) => id);
  }

  find(entry: JournalEntry): Find {
    const ids = this.#idsOf(entry);
    if (entry.type === 'CommandIssued') this.#byNumber.set(entry.n, { ids, name: `command ${entry.command}` });
    if (entry.type === 'TimerSet') this.#byNumber.set(entry.n, { ids, name: `timer ${entry.path}` });
    return { by: 'node', ids };
  }

  #idsOf(entry: JournalEntry): readonly string[] {
    switch (entry.type) {
      case 'ProcessStarted':
      case 'EventReceived':
        return this.#handled(`event ${entry.event}`) ?? this.#handler;
      case 'CommandAnswered':
      case 'TimerFired': {
        const cause = this.#byNumber.get(entry.n);
        return (cause && this.#handled(cause.name)) ?? cause?.ids ?? this.#handler;
      }
      case 'ProcessCompleted':
        return this.#action(['end']) ?? this.#handler;
      case 'CommandIssued':
      case 'EventPublished':
      case 'TimerSet':
      case 'TimerCleared':
        return this.#action(['send', 'publish', 'timer'], keyOf(entry.path, ISSUES).name) ?? [];
      default:
        return this.#handler;
    }
  }

  /** The handler of a message. It is the one that acts until the next fact. */
  #handled(name: string): readonly string[] | undefined {
    const handler = this.#flow.nodes.find((node) => node.kind === 'handler' && node.name === name);
    if (handler) this.#handler = [handler.id];
    return handler && this.#handler;
  }

  /** The first action of the handler with a kind and a name. */
  #action(kinds: readonly FlowNode['kind'][], name?: string): readonly string[] | undefined {
    const after = new Set(this.#flow.edges.filter(({ from }) => from === this.#handler[0]).map(({ to }) => to));
    const action = this.#flow.nodes.find(
      (node) => after.has(node.id) && kinds.includes(node.kind) && (name === undefined || node.name === name),
    );
    return action && [action.id];
  }
}
