import type { Limits } from '../../../contract/limits.ts';

/**
 * The limit of a command with one key: what runs, the reserved times of its rate, and the command that is next. Pure. The rules
 * (docs/protocol.md#limits), searched in test/models/limits.pml:
 *
 * M1 A run has a place before its handler begins, and a place belongs to one run, by the token of its claim.
 * M2 A place lapses with its lease, so a dead worker holds none. A run whose place has lapsed is lost, as with the lease of its command.
 * M3 A free place goes to the oldest command that has once found none; that right lapses if the command does not come back.
 * M4 A reserved time is for one run at that time. A worker that is late reserves again, so late runs never pile up.
 */
export interface LimitState {
  /** The last times that are reserved, at most as many as the rate allows in a period, the earliest first. Some are still to come. */
  readonly times?: readonly number[];
  readonly runs?: readonly PlaceOfRun[];
  /** The mean time for which a run has held its place. */
  readonly meanMs?: number;
  /** When the last command in line may find a place, as far as the mean tells. */
  readonly lineEnd?: number;
  readonly next?: NextInLine;
  /** A handler has asked that the key rests until then. */
  readonly restsUntil?: number;
}

interface PlaceOfRun {
  readonly token: string;
  readonly until: number;
  readonly since: number;
}

interface NextInLine {
  readonly commandId: string;
  /** When the command was issued: the older goes first. */
  readonly issuedAt: number;
  /** The end of its right. */
  readonly until: number;
}

export interface PlaceRequest {
  readonly commandId: string;
  readonly token: string;
  readonly issuedAt: number;
  /** Whether the command has waited before. */
  readonly again: boolean;
  /** The time that is reserved for it, if any. */
  readonly slotAt: number | undefined;
  readonly leaseMs: number;
}

export type PlaceOrWait =
  /** The lease of the run ends no later than that of its place. */
  | { readonly kind: 'run'; readonly until: number }
  /** `slotAt`: the run has this time reserved. */
  | { readonly kind: 'wait'; readonly until: number; readonly slotAt?: number; readonly cause: 'rate' | 'concurrency' | 'rest' };

/** The place of a run among those of its limit, for the heartbeat and the end of the run. */
export interface PlaceHeld {
  /** Resolves to false if the place has lapsed. */
  extend(until: number): Promise<boolean>;
  free(): Promise<undefined>;
  /** Lets all commands of the key wait until then. */
  rest(until: number): Promise<undefined>;
}

/** A worker may be this late for a reserved time. */
const LATE_MS = 100;
/** The mean of a limit that has seen no run. */
const FIRST_MEAN_MS = 1_000;
/** The share of the last run in the mean. */
const MEAN_SHARE = 0.2;
/** The next in line loses its right so long after the time at which it should have come. */
const RIGHT_MS = 30_000;
/** The pauses of a command that finds no place: of the next in line, of one that comes back, and the longest of a new one. */
const NEXT_MS = [50, 5_000] as const;
const AGAIN_MS = [200, 15_000] as const;
const LINE_MS_MAX = 900_000;

/** The state after a request, the same object if nothing has changed, and the place or the time to wait for. */
export function askForPlace(limits: Limits, state: LimitState, request: PlaceRequest, now: number): readonly [LimitState, PlaceOrWait] {
  const rests = (state.restsUntil ?? 0) - now;
  if (rests > 0) return [state, { kind: 'wait', until: now + rests, cause: 'rest' }];
  const { concurrency, rate } = limits;
  if (concurrency !== undefined && !isFree(state, request, concurrency, now))
    return inLine(givenBack(state, request.slotAt), request, concurrency, now);
  const reserved = rate === undefined ? state : reserve(rate, state, request, now);
  if ('slotAt' in reserved) return [reserved.state, { kind: 'wait', until: reserved.slotAt, slotAt: reserved.slotAt, cause: 'rate' }];
  return [concurrency === undefined ? reserved : begun(reserved, request, now), { kind: 'run', until: now + request.leaseMs }];
}

function live({ runs = [] }: LimitState, now: number): readonly PlaceOfRun[] {
  return runs.filter(({ until }) => until > now);
}

/** M3: one place is kept for the next in line, unless the request is its own or older. */
function isFree(state: LimitState, request: PlaceRequest, concurrency: number, now: number): boolean {
  const { next } = state;
  const kept = next !== undefined && next.until > now && isBefore(next, request) ? 1 : 0;
  return live(state, now).length + kept < concurrency;
}

function isBefore(next: NextInLine, { commandId, issuedAt }: PlaceRequest): boolean {
  return next.commandId !== commandId && (next.issuedAt < issuedAt || (next.issuedAt === issuedAt && next.commandId < commandId));
}

function inLine(state: LimitState, request: PlaceRequest, concurrency: number, now: number): readonly [LimitState, PlaceOrWait] {
  const pace = (state.meanMs ?? FIRST_MEAN_MS) / concurrency;
  const wait = (until: number): PlaceOrWait => ({ kind: 'wait', until, cause: 'concurrency' });
  const { next } = state;
  if (next === undefined || next.until <= now || !isBefore(next, request)) {
    const until = now + within(pace / 4, NEXT_MS);
    // The right of the same command is renewed only when most of it is over: a poll that changes nothing writes nothing.
    if (next?.commandId === request.commandId && next.until > until + RIGHT_MS / 2) return [state, wait(until)];
    const { commandId, issuedAt } = request;
    return [{ ...state, next: { commandId, issuedAt, until: until + RIGHT_MS } }, wait(until)];
  }
  if (request.again) return [state, wait(now + within(pace, AGAIN_MS))];
  const until = Math.ceil(Math.max(state.lineEnd ?? 0, now) + pace);
  return [{ ...state, lineEnd: until }, wait(Math.min(until, now + LINE_MS_MAX))];
}

function within(milliseconds: number, [least, most]: readonly [number, number]): number {
  return Math.ceil(Math.min(most, Math.max(least, milliseconds)));
}

/** The state without a reserved time that its command cannot use, so that another run may have it. */
function givenBack(state: LimitState, slotAt: number | undefined): LimitState {
  const at = slotAt === undefined ? -1 : (state.times ?? []).indexOf(slotAt);
  return at === -1 ? state : { ...state, times: (state.times ?? []).toSpliced(at, 1) };
}

/** M4. Returns the state if the run may begin, else with the time that is now reserved. */
function reserve(
  { most, periodMs }: NonNullable<Limits['rate']>,
  state: LimitState,
  { slotAt }: PlaceRequest,
  now: number,
): LimitState | { readonly state: LimitState; readonly slotAt: number } {
  if (slotAt !== undefined && now >= slotAt && now <= slotAt + LATE_MS) return state;
  const times = (state.times ?? []).filter((time) => time > now - periodMs);
  const at = times.length < most ? now : Math.max(now, (times.at(-most) as number) + periodMs);
  const reserved = { ...state, times: [...times, at].sort((left, right) => left - right).slice(-most) };
  return at <= now ? reserved : { state: reserved, slotAt: at };
}

function begun(state: LimitState, { token, commandId, leaseMs }: PlaceRequest, now: number): LimitState {
  const { next, ...rest } = state;
  const runs = [...live(state, now), { token, until: now + leaseMs, since: now }];
  return next === undefined || next.commandId === commandId ? { ...rest, runs } : { ...rest, next, runs };
}

/** The state after the end of a run. */
export function freed(state: LimitState, token: string, now: number): LimitState {
  const { runs = [] } = state;
  const ended = runs.find((run) => run.token === token);
  if (ended === undefined) return state;
  const heldMs = Math.max(0, now - ended.since);
  const meanMs = state.meanMs === undefined ? heldMs : state.meanMs + MEAN_SHARE * (heldMs - state.meanMs);
  return { ...state, runs: runs.filter((run) => run !== ended), meanMs: Math.round(meanMs) };
}

/** The state with a longer lease of a run, or undefined if its place has lapsed and may belong to another one (M2). */
export function extended(state: LimitState, token: string, until: number): LimitState | undefined {
  const { runs = [] } = state;
  if (!runs.some((run) => run.token === token)) return undefined;
  return { ...state, runs: runs.map((run) => (run.token === token ? { ...run, until: Math.max(run.until, until) } : run)) };
}

/** The state of a key that rests until an instant, or longer if it does so already. */
export function resting(state: LimitState, until: number): LimitState {
  return (state.restsUntil ?? 0) >= until ? state : { ...state, restsUntil: until };
}

/** Whether all times of a stored state were over at an instant, so that no run depends on it. */
export function isOver(text: string, instant: number): boolean {
  const { times = [], runs = [], lineEnd = 0, next, restsUntil = 0 } = parsedLimit(text);
  return Math.max(...times, ...runs.map(({ until }) => until), lineEnd, next?.until ?? 0, restsUntil) <= instant;
}

/** The text of a state in the store: short, because each write costs by its length. */
export function limitText({ times, runs, meanMs, lineEnd, next, restsUntil }: LimitState): string {
  const [firstTime = 0] = times ?? [];
  return JSON.stringify({
    ...(times && times.length > 0 && { t: [firstTime, ...times.slice(1).map((time) => time - firstTime)] }),
    ...(runs && runs.length > 0 && { r: runs.map(({ token, until, since }) => [token, until, since]) }),
    ...(meanMs !== undefined && { m: meanMs }),
    ...(lineEnd !== undefined && { l: lineEnd }),
    ...(next && { n: [next.commandId, next.issuedAt, next.until] }),
    ...(restsUntil !== undefined && { p: restsUntil }),
  });
}

interface Stored {
  readonly t?: readonly number[];
  readonly r?: readonly (readonly [string, number, number])[];
  readonly m?: number;
  readonly l?: number;
  readonly n?: readonly [string, number, number];
  readonly p?: number;
}

export function parsedLimit(text: string): LimitState {
  const { t, r, m, l, n, p } = JSON.parse(text) as Stored;
  return {
    ...(t && { times: t.map((time, index) => (index === 0 ? time : (t[0] as number) + time)) }),
    ...(r && { runs: r.map(([token, until, since]) => ({ token, until, since })) }),
    ...(m !== undefined && { meanMs: m }),
    ...(l !== undefined && { lineEnd: l }),
    ...(n && { next: { commandId: n[0], issuedAt: n[1], until: n[2] } }),
    ...(p !== undefined && { restsUntil: p }),
  };
}
