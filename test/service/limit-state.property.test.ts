import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkedLimits, type Limits } from '../../lib/contract/limits.ts';
import {
  extended,
  freed,
  limitText,
  parsedLimit,
  askForPlace,
  resting,
  type LimitState,
  type PlaceRequest,
} from '../../lib/service/consumer/limits/limit-state.ts';

const LEASE_MS = 60_000;

const requestOf = (commandId: string, over: Partial<PlaceRequest> = {}): PlaceRequest => ({
  commandId,
  token: `${commandId}:1`,
  issuedAt: 0,
  again: false,
  slotAt: undefined,
  leaseMs: LEASE_MS,
  ...over,
});

interface Waiting {
  readonly name: string;
  readonly issuedAt: number;
  readonly tenant: number;
  readonly durationMs: number;
  at: number;
  slotAt: number | undefined;
  again: boolean;
}

interface Played {
  /** The begin of each run, in order. */
  readonly begun: readonly { readonly name: string; readonly tenant: number; readonly at: number; readonly waitedMs: number }[];
  readonly runningMost: number;
}

/** Lets commands ask a limit until all have run. Each run takes its own time, and dies with its worker if its duration is infinite. */
const played = (limits: Limits, commands: readonly Waiting[], lateMs: () => number): Played => {
  const waiting = commands.map((each) => ({ ...each }));
  const running: { readonly token: string; readonly endsAt: number }[] = [];
  const begun: { name: string; tenant: number; at: number; waitedMs: number }[] = [];
  let state: LimitState = {};
  let runningMost = 0;
  for (let steps = 0; waiting.length > 0 && steps < 100_000; steps += 1) {
    waiting.sort((left, right) => left.at - right.at);
    const first = waiting[0] as Waiting;
    const end = running.toSorted((left, right) => left.endsAt - right.endsAt)[0];
    if (end && end.endsAt <= first.at) {
      running.splice(running.indexOf(end), 1);
      state = freed(parsedLimit(limitText(state)), end.token, end.endsAt);
      continue;
    }
    const now = first.at;
    const request = requestOf(first.name, { issuedAt: first.issuedAt, again: first.again, slotAt: first.slotAt });
    const [next, place] = askForPlace(limits, parsedLimit(limitText(state)), request, now);
    state = next;
    if (place.kind === 'wait') {
      Object.assign(first, { at: place.until + lateMs(), slotAt: place.slotAt, again: true });
      continue;
    }
    waiting.shift();
    begun.push({ name: first.name, tenant: first.tenant, at: now, waitedMs: now - first.issuedAt });
    // The place of a dead worker lapses, so its run does not count from then on.
    running.push({ token: request.token, endsAt: now + Math.min(first.durationMs, LEASE_MS) });
    runningMost = Math.max(runningMost, running.length);
  }
  expect(waiting).toEqual([]);
  return { begun, runningMost };
};

const commandsOf = (draws: readonly { readonly afterMs: number; readonly durationMs: number }[], tenants = 1): Waiting[] => {
  let at = 0;
  return draws.map(({ afterMs, durationMs }, index) => {
    at += afterMs;
    return { name: `c${index}`, issuedAt: at, tenant: index % tenants, durationMs, at, slotAt: undefined, again: false };
  });
};

const draw = fc.record({ afterMs: fc.nat(3_000), durationMs: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constant(Infinity)) });
const draws = fc.array(draw, { minLength: 1, maxLength: 40 });

describe('limits of commands, played with random commands', () => {
  test('never more runs at once than the concurrency, and every command runs, also beside workers that die', () => {
    fc.assert(
      fc.property(draws, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 2_000 }), (drawn, concurrency, lateMs) => {
        const { begun, runningMost } = played({ concurrency }, commandsOf(drawn), () => lateMs);
        expect(runningMost).toBeLessThanOrEqual(concurrency);
        expect(begun).toHaveLength(drawn.length);
      }),
      { numRuns: 60 },
    );
  });

  test('never more runs in a period than the rate, and every command runs, also if workers are late', () => {
    const rates = fc.constantFrom('1 per second' as const, '3 per second' as const, '7 per minute' as const, '150 per minute' as const);
    const late = fc.array(fc.constantFrom(0, 0, 0, 90, 5_000), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(draws, rates, late, (drawn, rate, lates) => {
        const limits = checkedLimits('payments.charge', { rate });
        let n = 0;
        // A command that is late each time would lose each time.
        const { begun } = played(limits, commandsOf(drawn), () => (n < 200 ? (lates[(n += 1) % lates.length] as number) : 0));
        expect(begun).toHaveLength(drawn.length);
        const { most, periodMs } = limits.rate as NonNullable<Limits['rate']>;
        for (const [index, { at }] of begun.entries()) {
          const before = begun[index - most];
          // A run may be 100 ms late for its time, so it may be that much closer to the next one.
          if (before) expect(at - before.at).toBeGreaterThanOrEqual(periodMs - 100);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('nine tenants that share a limit wait about equally long', () => {
    const drawn = Array.from({ length: 270 }, () => ({ afterMs: 100, durationMs: 2_000 }));
    const { begun } = played({ concurrency: 4 }, commandsOf(drawn, 9), () => 0);
    const means = Array.from({ length: 9 }, (_, tenant) => {
      const waits = begun.filter((run) => run.tenant === tenant).map(({ waitedMs }) => waitedMs);
      return waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    });
    const sum = means.reduce((total, mean) => total + mean, 0);
    const fairness = sum ** 2 / (9 * means.reduce((total, mean) => total + mean ** 2, 0));
    expect(fairness).toBeGreaterThan(0.95);
    // The places are in use: 270 runs of two seconds in four places take 135 seconds.
    expect(Math.max(...begun.map(({ at }) => at)) + 2_000).toBeLessThan(1.25 * 135_000);
  });

  test('an old command runs before younger ones that keep coming', () => {
    const drawn = Array.from({ length: 200 }, (_, index) => ({ afterMs: index === 0 ? 0 : 450, durationMs: 1_000 }));
    const { begun } = played({ concurrency: 2 }, commandsOf(drawn), () => 0);
    expect(Math.max(...begun.map(({ waitedMs }) => waitedMs))).toBeLessThan(60_000);
  });
});

describe('the state of a limit', () => {
  test('is the same object if a poll changes nothing, so that nothing is written', () => {
    const limits: Limits = { concurrency: 1 };
    const [taken] = askForPlace(limits, {}, requestOf('a'), 0);
    const [waiting] = askForPlace(limits, taken, requestOf('b'), 0);
    const [again, place] = askForPlace(limits, waiting, requestOf('b', { again: true }), 1_000);
    expect(again).toBe(waiting);
    expect(place).toMatchObject({ kind: 'wait', cause: 'concurrency' });
    expect(freed(waiting, 'unknown', 5)).toBe(waiting);
    expect(resting(resting(waiting, 9), 8)).toEqual({ ...waiting, restsUntil: 9 });
  });

  test('keeps a free place for the next in line until its right is over', () => {
    const limits: Limits = { concurrency: 1 };
    const [taken] = askForPlace(limits, {}, requestOf('a'), 0);
    const [waiting] = askForPlace(limits, taken, requestOf('b', { issuedAt: 1 }), 1);
    const free = freed(waiting, 'a:1', 2);
    expect(askForPlace(limits, free, requestOf('c', { issuedAt: 2 }), 3)[1].kind).toBe('wait');
    expect(askForPlace(limits, free, requestOf('b', { issuedAt: 1 }), 3)[1].kind).toBe('run');
    expect(askForPlace(limits, free, requestOf('c', { issuedAt: 2 }), 60_000)[1].kind).toBe('run');
  });

  test('has no place for a run whose place has lapsed and gone to another one', () => {
    const limits: Limits = { concurrency: 1 };
    const [taken] = askForPlace(limits, {}, requestOf('a'), 0);
    expect(extended(taken, 'a:1', LEASE_MS + 1)).toBeDefined();
    const [lapsed] = askForPlace(limits, taken, requestOf('b'), LEASE_MS);
    expect(extended(lapsed, 'a:1', 2 * LEASE_MS)).toBeUndefined();
    expect(freed(lapsed, 'a:1', LEASE_MS + 5)).toBe(lapsed);
  });

  test('survives its text', () => {
    const state: LimitState = {
      times: [1_000, 1_000, 2_500],
      runs: [{ token: 'a:1', until: 5, since: 1 }],
      meanMs: 12,
      lineEnd: 30,
      next: { commandId: 'b', issuedAt: 3, until: 40 },
      restsUntil: 7,
    };
    expect(parsedLimit(limitText(state))).toEqual(state);
    expect(parsedLimit(limitText({}))).toEqual({});
  });
});
