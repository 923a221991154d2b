import { describe, expect, test } from 'vitest';
import { runPolicyOf } from '../../lib/contract/wire/wire.ts';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import type { CommandRecord } from '../../lib/ports/idempotency-store.ts';
import { claim, type ClaimRequest, type RecordBody } from '../../lib/service/consumer/command-record.ts';
import { endCancel, endRun, endTransaction, type RunEnd } from '../../lib/service/consumer/run-end.ts';
import { lastErrorFrom } from '../../lib/service/consumer/run-error.ts';

const NOW = 1_000_000;
const DOWN = { code: 'ECONNREFUSED', message: 'down' };
const EARLY = '{"outcome":"completed","data":{"paymentId":"p-7"}}';
const envelope = (more: Partial<CommandEnvelope> = {}): string => JSON.stringify({ id: 'c', ...more });

const delivered = (over: Partial<ClaimRequest> = {}): ClaimRequest => ({
  hash: 'h1',
  command: envelope(),
  effect: 'key',
  settling: false,
  mode: 'run',
  token: 'w1:1',
  nonce: 'n1',
  now: NOW,
  leaseUntil: NOW + 60_000,
  policy: runPolicyOf({ retryattempts: 3 }),
  deadline: NOW + 500_000,
  jitter: 0.5,
  ...over,
});
const running = (over: Partial<RecordBody> = {}): CommandRecord => ({
  state: 'RUN',
  hash: 'h1',
  token: 'w1:1',
  leaseUntil: NOW + 10_000,
  command: envelope(),
  revision: 3,
  ...over,
});
const paused = ({ token: _token, leaseUntil: _lease, ...rest }: CommandRecord): CommandRecord => rest;
const failed: RunEnd = { how: 'failed', error: DOWN, settled: false };
const notDone: RunEnd = { ...failed, how: 'not-done' };

describe('R11 a run without an answer is counted once', () => {
  test('the worker counts its run, and leaves the record without a lease until the next run is due', () => {
    expect(endRun(running({ failures: 1 }), delivered(), failed)).toEqual({
      kind: 'pause',
      until: NOW + 1_000,
      write: {
        state: 'RUN',
        hash: 'h1',
        command: envelope(),
        failures: 2,
        maybeDone: true,
        lastError: DOWN,
        nextRunAt: NOW + 1_000,
      },
    });
  });

  test('the first delivery after a lapsed lease counts the run, with its pause from the last heartbeat on', () => {
    const lapsed = running({ token: 'w2:1', leaseUntil: NOW - 1 });
    const taken = claim(lapsed, delivered());
    expect(taken).toMatchObject({
      kind: 'run',
      write: { token: 'w1:1', failures: 1, maybeDone: true, lastError: { code: 'LEASE_LAPSED' } },
    });
    const slow = delivered({ policy: runPolicyOf({ retryfirst: 300_000 }) });
    const counted = claim(lapsed, slow);
    expect(counted).toMatchObject({ kind: 'pause', until: NOW - 60_001 + 150_000, write: { failures: 1 } });
    const standing: CommandRecord = { ...(counted as { write: RecordBody }).write, revision: 4 };
    expect(claim(standing, slow)).toEqual({ kind: 'pause', until: NOW - 60_001 + 150_000 });
  });

  test('a worker that has lost its lease counts no run', () => {
    for (const stands of [running({ token: 'w2:1' }), paused(running()), undefined])
      expect(endRun(stands, delivered(), failed)).toEqual({ kind: 'lost' });
  });

  test('a run that throws retryAfter is not counted', () => {
    const later: RunEnd = { how: 'later', error: DOWN, delayMs: 60_000, settled: false };
    const verdict = endRun(running(), delivered({ policy: runPolicyOf({ retryattempts: 1 }) }), later);
    expect(verdict).toMatchObject({ kind: 'pause', until: NOW + 60_000, write: { maybeDone: true, nextRunAt: NOW + 60_000 } });
    expect(verdict).not.toHaveProperty('write.failures');
  });

  test('a run of a rolled-back transaction is counted in a write of its own, without a possible effect', () => {
    const transaction = delivered({ effect: 'transaction' });
    const first = endTransaction(undefined, transaction, failed);
    expect(first).toMatchObject({ kind: 'pause', write: { state: 'RUN', command: envelope(), failures: 1 } });
    expect(first).not.toHaveProperty('write.maybeDone');
    const second = endTransaction({ ...(first as { write: RecordBody }).write, revision: 1 }, transaction, failed);
    expect(second).toMatchObject({ kind: 'pause', write: { failures: 2 } });
    expect(endTransaction(running({ token: 'w2:1' }), transaction, failed)).toEqual({ kind: 'wait', until: NOW + 10_000 });
    expect(endTransaction(running({ token: 'w2:1', leaseUntil: NOW }), transaction, failed)).toMatchObject({ write: { failures: 2 } });
    const done: CommandRecord = { state: 'DONE', hash: 'h1', reply: EARLY, revision: 2 };
    expect(endTransaction(done, transaction, failed)).toEqual({ kind: 'repeat', reply: EARLY });
  });
});

describe('R12 no delivery runs a command before its next run is due', () => {
  test('each copy is returned until the next run is due', () => {
    const record = paused(running({ failures: 1, nextRunAt: NOW + 7_000 }));
    expect(claim(record, delivered())).toEqual({ kind: 'pause', until: NOW + 7_000 });
    expect(claim(record, delivered({ now: NOW + 7_000 }))).toMatchObject({ kind: 'run' });
  });

  test('a copy is returned no longer than until the deadline has passed', () => {
    const record = paused(running({ failures: 1, nextRunAt: NOW + 900_000 }));
    expect(claim(record, delivered())).toEqual({ kind: 'pause', until: NOW + 500_001 });
  });

  test('a settling delivery keeps the pauses, and is answered at once if no run can have had an effect', () => {
    const record = paused(running({ failures: 1, nextRunAt: NOW + 7_000, command: envelope({ deadline: '2030-01-01T00:00:00.000Z' }) }));
    const settling = delivered({ settling: true, deadline: NOW - 1 });
    expect(claim({ ...record, maybeDone: true }, settling)).toMatchObject({ kind: 'pause', until: NOW + 7_000 });
    expect(claim(record, settling)).toMatchObject({ kind: 'answer', outcome: 'cancelled', write: { state: 'TOMB' } });
  });
});

describe('R13 a command whose limits are used up does not run', () => {
  const last = { failures: 2, maybeDone: true as const };

  test('the last run and each later delivery answer unknown with the last error, even if they settle', () => {
    const runs = { failures: 3, lastError: DOWN };
    const verdict = endRun(running(last), delivered(), failed);
    expect(verdict).toMatchObject({ kind: 'answer', outcome: 'unknown', runs, write: { state: 'RUN', failures: 3 } });
    const standing: CommandRecord = { ...(verdict as { write: RecordBody }).write, revision: 4 };
    for (const settling of [false, true])
      expect(claim(standing, delivered({ now: NOW + 400_000, settling }))).toEqual({ kind: 'answer', outcome: 'unknown', runs });
  });

  test('the end is definite if each run threw notDone, or if the effect commits with the answer', () => {
    expect(endRun(running({ failures: 2 }), delivered(), notDone)).toEqual({ kind: 'exhausted', runs: { failures: 3, lastError: DOWN } });
    expect(endTransaction(paused(running({ failures: 2 })), delivered({ effect: 'transaction' }), failed)).toMatchObject({
      kind: 'exhausted',
    });
    expect(endRun(running(last), delivered(), notDone)).toMatchObject({ kind: 'answer', outcome: 'unknown' });
  });

  test('the deadline ends a command with attempts left', () => {
    const record = paused(running({ failures: 1, maybeDone: true, lastError: DOWN }));
    expect(claim(record, delivered({ now: NOW + 500_001 }))).toMatchObject({ kind: 'answer', outcome: 'unknown' });
    expect(claim(running({ leaseUntil: NOW }), delivered({ now: NOW + 500_001 }))).toMatchObject({
      outcome: 'unknown',
      runs: { failures: 1 },
    });
  });

  test('the early answer is the outcome if there is one', () => {
    expect(endRun(running({ ...last, early: EARLY }), delivered(), failed)).toEqual({
      kind: 'repeat',
      reply: EARLY,
      write: { state: 'DONE', hash: 'h1', reply: EARLY },
    });
  });

  test('a delivery with higher limits continues the command, and a copy with lower limits does not lower them', () => {
    const record = paused(running({ ...last, failures: 3, command: envelope({ retryattempts: 3 }) }));
    const command = envelope({ retryattempts: 6 });
    const raised = delivered({ policy: runPolicyOf({ retryattempts: 6 }), command });
    expect(claim(record, raised)).toMatchObject({ kind: 'run', write: { failures: 3, command } });
    const going = paused(running({ ...last, failures: 4, command }));
    expect(claim(going, delivered())).toMatchObject({ kind: 'run', write: { command } });
    const late = paused(running({ maybeDone: true, command: envelope({ deadline: new Date(NOW - 5).toISOString() }) }));
    expect(claim(late, delivered({ deadline: NOW - 5 }))).toMatchObject({ outcome: 'unknown' });
    expect(claim(late, delivered({ deadline: NOW + 5 }))).toMatchObject({ kind: 'run' });
  });
});

describe('a handler that throws notDone after its command was settled', () => {
  test('the reply is cancelled at once if no earlier run can have had an effect', () => {
    const settled = { ...notDone, settled: true };
    expect(endRun(running({ failures: 1 }), delivered(), settled)).toEqual({
      kind: 'answer',
      outcome: 'cancelled',
      runs: { failures: 2, lastError: DOWN },
      write: { state: 'TOMB', hash: 'h1' },
    });
    expect(endRun(running({ failures: 1, maybeDone: true }), delivered(), settled)).toMatchObject({ kind: 'pause' });
  });
});

describe('a cancel of a deferred command that fails', () => {
  test('a failed cancel runs again after the pauses of the command, and is given up after a thousand runs', () => {
    const revoked: CommandRecord = { state: 'REVOKED', hash: 'h1', command: envelope(), revision: 3 };
    const verdict = endCancel(revoked, delivered(), DOWN);
    expect(verdict).toMatchObject({ kind: 'pause', until: NOW + 500, write: { state: 'REVOKED', failures: 1, lastError: DOWN } });
    const standing: CommandRecord = { ...(verdict as { write: RecordBody }).write, revision: 4 };
    expect(claim(standing, delivered())).toEqual({ kind: 'pause', until: NOW + 500 });
    expect(claim(standing, delivered({ now: NOW + 500 }))).toEqual({ kind: 'revoke' });
    expect(claim({ ...standing, failures: 1_000 }, delivered())).toMatchObject({ kind: 'give-up', claimed: true });
    expect(endCancel({ state: 'TOMB', hash: 'h1', revision: 5 }, delivered(), DOWN)).toEqual({ kind: 'answer', outcome: 'cancelled' });
  });
});

describe('the last error', () => {
  test.each<[string, unknown, string]>([
    ['its code', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['the code of its cause', new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }), 'ENOTFOUND'],
    ['its name', new RangeError('x'), 'RangeError'],
    ['Error where it has none that is one', Object.assign(new Error('x'), { code: 7, name: 'a b' }), 'Error'],
    ['Error where no error was thrown', 'x', 'Error'],
    ['Error where nothing was thrown', null, 'Error'],
  ])('the last error has the code %s', (_, thrown, code) => {
    expect(lastErrorFrom(thrown).code).toBe(code);
  });

  test.each([
    ['line 1\n\tline 2\u0000', 'line 1 line 2 '],
    ['Authorization: Bearer abc.def-ghi failed', 'Authorization: *** *** failed'],
    ['{"password":"hunter2","user":"x"}', '{"password":***,"user":"x"}'],
    ['password=hunter2&user=x', 'password=***&user=x'],
    ['api_key: k-1', 'api_key: ***'],
    ['connect postgres://app:s3cret@db:5432/x', 'connect postgres://***@db:5432/x'],
    ['key AKIAabcdefgh0123456789XYZ refused', 'key *** refused'],
    [`digest ${'0a'.repeat(32)}`, 'digest ***'],
    ['no row 7f9c2ba4-e88f-4271-ad64-7d65ee0f7a12', 'no row 7f9c2ba4-e88f-4271-ad64-7d65ee0f7a12'],
    ['default#book-trip#cart-42/r5f2c/3 is not there', 'default#book-trip#cart-42/r5f2c/3 is not there'],
    ['half \ud800', 'half \ufffd'],
  ])('the last error has %j as %j', (message, scrubbed) => {
    expect(lastErrorFrom(new Error(message)).message).toBe(scrubbed);
  });

  test('the last error is cut to 500 characters', () => {
    expect(lastErrorFrom(new Error('word '.repeat(100_000))).message).toHaveLength(500);
  });
});
