import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runPolicyOf } from '../../lib/contract/wire/wire.ts';
import type { CommandRecord } from '../../lib/ports/idempotency-store.ts';
import {
  complete,
  defer,
  cancelledRecord,
  lease,
  claim,
  type ClaimRequest,
  type Effect,
  type RecordBody,
  type ClaimVerdict,
} from '../../lib/service/consumer/command-record.ts';
import { answerRecord, beat } from '../../lib/service/consumer/token-answer.ts';

const COMPLETED = '{"outcome":"completed","data":{"paymentId":"p-7"}}';
const COMPLETED_LATER = '{"time":"later","outcome":"completed","data":{"paymentId":"p-7"}}';
const FAILED = '{"outcome":"failed","data":{"type":"Declined"}}';
const NOW = 1_000_000;

const delivered = (over: Partial<ClaimRequest> = {}): ClaimRequest => ({
  hash: 'h1',
  command: '{"id":"c"}',
  effect: 'key',
  settling: false,
  mode: 'run',
  token: 'w2:1',
  nonce: 'n2',
  now: NOW,
  leaseUntil: NOW + 60_000,
  policy: runPolicyOf({}),
  deadline: Infinity,
  jitter: 0.5,
  ...over,
});
const record = (body: RecordBody): CommandRecord => ({ ...body, revision: 3 });
const running = (over: Partial<RecordBody> = {}): CommandRecord =>
  record({ state: 'RUN', hash: 'h1', token: 'w1:1', leaseUntil: NOW + 10_000, command: '{"id":"c"}', ...over });
const lapsed = (over: Partial<RecordBody> = {}): CommandRecord => running({ leaseUntil: NOW, ...over });
const done = record({ state: 'DONE', hash: 'h1', reply: COMPLETED });
const failed = record({ state: 'FAILED', hash: 'h1', reply: FAILED });
const deferred = record({ state: 'DEFERRED', hash: 'h1', command: '{"id":"c"}', beatAt: 1 });
const revoked = record({ state: 'REVOKED', hash: 'h1', command: '{"id":"c"}' });
const tomb = record({ state: 'TOMB', hash: 'h1' });
const LAPSED = { code: 'LEASE_LAPSED', message: 'A worker stopped or lost its lease during a run.' };
const EFFECTS: readonly Effect[] = ['key', 'transaction', 'once'];

describe('R1 a command runs only if it has no record, or if no lease is valid and the next run is due', () => {
  test('a new command is claimed with token, lease and envelope', () => {
    expect(claim(undefined, delivered())).toEqual({
      kind: 'run',
      write: { state: 'RUN', hash: 'h1', token: 'w2:1', nonce: 'n2', leaseUntil: NOW + 60_000, command: '{"id":"c"}' },
    });
  });

  test('the claim of class once is marked, so that an answer by token can end a lapsed run', () => {
    expect(claim(undefined, delivered({ effect: 'once' }))).toMatchObject({ kind: 'run', write: { once: true } });
  });

  test('a delivery waits until a valid lease ends, in every class', () => {
    for (const effect of EFFECTS) expect(claim(running(), delivered({ effect }))).toEqual({ kind: 'wait', until: NOW + 10_000 });
  });

  test('a lapsed command of class key or transaction is claimed under a new token', () => {
    for (const effect of ['key', 'transaction'] as const)
      expect(claim(lapsed(), delivered({ effect }))).toMatchObject({ kind: 'run', write: { token: 'w2:1', leaseUntil: NOW + 60_000 } });
  });

  test('a command that this worker cannot read is held', () => {
    for (const stands of [undefined, lapsed(), revoked]) expect(claim(stands, delivered({ mode: 'hold' }))).toEqual({ kind: 'hold' });
  });
});

describe('R2 a worker that has lost the lease writes nothing', () => {
  test('completion, deferral and heartbeat are refused under another token, in another state and without a record', () => {
    for (const stands of [running({ token: 'w9:9' }), done, failed, deferred, revoked, tomb, undefined]) {
      expect(complete(stands, 'w1:1', 'DONE', COMPLETED)).toEqual({ kind: 'lost' });
      expect(defer(stands, 'w1:1', NOW)).toEqual({ kind: 'lost' });
      expect(lease(stands, 'w1:1', NOW)).toEqual({ kind: 'lost' });
    }
  });

  test('a heartbeat keeps the claim and extends the lease', () => {
    expect(lease(running(), 'w1:1', NOW + 99)).toEqual({
      kind: 'write',
      write: { state: 'RUN', hash: 'h1', token: 'w1:1', leaseUntil: NOW + 99, command: '{"id":"c"}' },
    });
  });
});

describe('R3 a definite answer never changes', () => {
  test('a delivery in any mode gets the recorded reply again, even if it settles', () => {
    for (const settling of [false, true])
      for (const mode of ['run', 'hold', 'give-up'] as const) {
        expect(claim(done, delivered({ settling, mode }))).toEqual({ kind: 'repeat', reply: COMPLETED });
        expect(claim(failed, delivered({ settling, mode }))).toEqual({ kind: 'repeat', reply: FAILED });
        expect(claim(tomb, delivered({ settling, mode }))).toEqual({ kind: 'answer', outcome: 'cancelled' });
      }
  });

  test('the same answer by token is accepted again, and any other is refused', () => {
    const byToken = { ...done, nonce: 'n1' };
    expect(answerRecord(byToken, COMPLETED_LATER, NOW)).toEqual({ kind: 'accept', reply: COMPLETED });
    expect(answerRecord(byToken, FAILED, NOW)).toEqual({ kind: 'used' });
    // The handler gave this answer, so no token has been used for it.
    expect(answerRecord(done, COMPLETED, NOW)).toEqual({ kind: 'used' });
    expect(answerRecord(failed, COMPLETED, NOW)).toEqual({ kind: 'used' });
    expect(answerRecord(tomb, COMPLETED, NOW)).toEqual({ kind: 'closed' });
    expect(answerRecord(revoked, COMPLETED, NOW)).toEqual({ kind: 'closed' });
    expect(answerRecord(undefined, COMPLETED, NOW)).toEqual({ kind: 'absent' });
  });
});

describe('R4 settling a command that was never begun writes TOMB', () => {
  test('settling writes TOMB and answers cancelled, even if this worker cannot read the command', () => {
    for (const mode of ['run', 'hold', 'give-up'] as const)
      expect(claim(undefined, delivered({ settling: true, mode }))).toEqual({
        kind: 'answer',
        outcome: 'cancelled',
        write: { state: 'TOMB', hash: 'h1' },
      });
  });

  test('a late copy is answered cancelled', () => {
    expect(claim(tomb, delivered())).toEqual({ kind: 'answer', outcome: 'cancelled' });
  });
});

describe('R5 settling decides nothing while a lease is valid', () => {
  test('a settling delivery waits until the lease ends', () => {
    for (const effect of EFFECTS) expect(claim(running(), delivered({ effect, settling: true })).kind).toBe('wait');
  });

  test('settling runs a lapsed command of class key again', () => {
    expect(claim(lapsed(), delivered({ settling: true })).kind).toBe('run');
  });

  test('settling cancels a lapsed command of class transaction, which had no effect without an answer', () => {
    expect(claim(lapsed(), delivered({ settling: true, effect: 'transaction' }))).toEqual({
      kind: 'answer',
      outcome: 'cancelled',
      runs: { failures: 1, lastError: LAPSED },
      write: { state: 'TOMB', hash: 'h1' },
    });
  });

  test('settling answers unknown to a lapsed command of class once', () => {
    const verdict = claim(lapsed(), delivered({ settling: true, effect: 'once' }));
    expect(verdict).toMatchObject({ kind: 'answer', outcome: 'unknown', runs: { failures: 1 } });
  });
});

describe('R6 an early answer by token is the outcome', () => {
  test('an answer before the deferral is kept as the early answer', () => {
    expect(answerRecord(running(), COMPLETED, NOW)).toMatchObject({
      kind: 'accept',
      write: { state: 'RUN', early: COMPLETED, token: 'w1:1' },
    });
    expect(answerRecord(running(), COMPLETED, NOW)).not.toHaveProperty('reply');
  });

  test('the same early answer is accepted twice, and another is refused', () => {
    expect(answerRecord(running({ early: COMPLETED }), COMPLETED_LATER, NOW)).toEqual({ kind: 'accept' });
    expect(answerRecord(running({ early: COMPLETED }), FAILED, NOW)).toEqual({ kind: 'used' });
  });

  test('the claim of a lapsed command keeps the early answer', () => {
    expect(claim(lapsed({ early: COMPLETED }), delivered())).toMatchObject({ kind: 'run', write: { token: 'w2:1', early: COMPLETED } });
  });

  test('a deferral ends with the early answer at once', () => {
    expect(defer(running({ early: FAILED }), 'w1:1', NOW)).toEqual({
      kind: 'write',
      write: { state: 'FAILED', hash: 'h1', reply: FAILED },
      reply: FAILED,
    });
  });

  test('the early answer replaces a later answer of the handler', () => {
    expect(complete(running({ early: COMPLETED }), 'w1:1', 'FAILED', FAILED)).toEqual({
      kind: 'write',
      write: { state: 'DONE', hash: 'h1', reply: COMPLETED },
      reply: COMPLETED,
    });
  });

  test('a command that is given up is answered with the early answer', () => {
    expect(claim(lapsed({ early: COMPLETED }), delivered({ mode: 'give-up' }))).toMatchObject({
      kind: 'repeat',
      write: { state: 'DONE' },
    });
  });
});

describe('R7 a deferred command is cancelled in two steps', () => {
  test('a deferred record has no lease, and keeps the envelope that an answer by token needs', () => {
    expect(defer(running(), 'w1:1', NOW)).toEqual({
      kind: 'write',
      write: { state: 'DEFERRED', hash: 'h1', command: '{"id":"c"}', beatAt: NOW },
    });
  });

  test('a duplicate of a deferred command is answered deferred again', () => {
    expect(claim(deferred, delivered())).toEqual({ kind: 'answer', outcome: 'deferred' });
  });

  test('settling leads from DEFERRED over REVOKED to TOMB, and continues after a crash in between', () => {
    expect(claim(deferred, delivered({ settling: true }))).toEqual({
      kind: 'revoke',
      write: { state: 'REVOKED', hash: 'h1', command: '{"id":"c"}' },
    });
    expect(claim(revoked, delivered({ settling: true }))).toEqual({ kind: 'revoke' });
    expect(claim(revoked, delivered())).toEqual({ kind: 'revoke' });
    expect(cancelledRecord('h1')).toEqual({ state: 'TOMB', hash: 'h1' });
  });

  test('an answer by token ends a deferred command', () => {
    expect(answerRecord(deferred, FAILED, NOW)).toEqual({
      kind: 'accept',
      write: { state: 'FAILED', hash: 'h1', reply: FAILED },
      reply: FAILED,
    });
  });

  test('a heartbeat by token is recorded, and refused after the end', () => {
    expect(beat(deferred, NOW)).toMatchObject({ kind: 'accept', write: { state: 'DEFERRED', beatAt: NOW, command: '{"id":"c"}' } });
    expect(beat(running(), NOW)).toEqual({ kind: 'accept' });
    for (const stands of [done, failed, revoked, tomb]) expect(beat(stands, NOW)).toEqual({ kind: 'closed' });
    expect(beat(undefined, NOW)).toEqual({ kind: 'absent' });
  });
});

describe('R8 effect class once runs again only after runs that threw notDone', () => {
  test('a lapsed command of class once is answered unknown and stays RUN, so that an answer by token can follow', () => {
    const unknown = { kind: 'answer', outcome: 'unknown', write: { state: 'RUN', failures: 1, maybeDone: true } };
    expect(claim(lapsed(), delivered({ effect: 'once' }))).toMatchObject(unknown);
    expect(claim(lapsed({ once: true }), delivered({ effect: 'key' }))).toMatchObject(unknown);
  });

  test('a command of class once runs again if each run threw notDone', () => {
    const paused = record({ state: 'RUN', hash: 'h1', command: '{"id":"c"}', once: true, failures: 2 });
    expect(claim(paused, delivered({ effect: 'once' }))).toMatchObject({ kind: 'run', write: { once: true, failures: 2 } });
  });

  test('a lapsed command of class once is answered with the early answer', () => {
    expect(claim(lapsed({ once: true, early: COMPLETED }), delivered({ effect: 'once' }))).toEqual({
      kind: 'repeat',
      reply: COMPLETED,
      write: { state: 'DONE', hash: 'h1', reply: COMPLETED },
    });
  });

  test('an answer by token ends a command of class once whose lease has lapsed', () => {
    expect(answerRecord(lapsed({ once: true }), COMPLETED, NOW)).toEqual({
      kind: 'accept',
      write: { state: 'DONE', hash: 'h1', reply: COMPLETED },
      reply: COMPLETED,
    });
    expect(answerRecord(running({ once: true }), COMPLETED, NOW)).toMatchObject({
      kind: 'accept',
      write: { state: 'RUN', early: COMPLETED },
    });
  });

  test('an answer by token between two runs ends a command of any class, since no worker would publish it', () => {
    const paused = record({ state: 'RUN', hash: 'h1', command: '{"id":"c"}', failures: 1, maybeDone: true });
    const write = { state: 'DONE', hash: 'h1', reply: COMPLETED };
    expect(answerRecord(paused, COMPLETED, NOW)).toEqual({ kind: 'accept', write, reply: COMPLETED });
  });
});

describe('R9 a command with a recorded id and another hash is refused', () => {
  test('another hash is refused in every state, running and settling', () => {
    for (const stands of [running(), lapsed(), done, failed, deferred, revoked, tomb])
      for (const settling of [false, true]) expect(claim(stands, delivered({ hash: 'h2', settling }))).toEqual({ kind: 'refuse' });
  });
});

describe('R10 a command is given up', () => {
  test('giving up is failed if no worker has claimed the command, else unknown', () => {
    expect(claim(undefined, delivered({ mode: 'give-up' }))).toEqual({ kind: 'give-up', claimed: false });
    const runs = { failures: 1, lastError: LAPSED };
    expect(claim(lapsed(), delivered({ mode: 'give-up' }))).toMatchObject({
      kind: 'give-up',
      claimed: true,
      runs,
      write: { failures: 1 },
    });
    expect(claim(revoked, delivered({ mode: 'give-up' }))).toEqual({ kind: 'give-up', claimed: true, runs: { failures: 0 } });
  });

  test('a command that another worker runs is not given up', () => {
    expect(claim(running(), delivered({ mode: 'give-up' })).kind).toBe('wait');
  });
});

/** The rows of docs/protocol.md#service-verdicts, in order. */
const ROWS: readonly (readonly [stands: CommandRecord | undefined, delivery: ClaimRequest])[] = [
  [undefined, delivered({ settling: true })],
  [undefined, delivered()],
  [done, delivered({ hash: 'h2' })],
  [running(), delivered()],
  [lapsed(), delivered()],
  [lapsed({ failures: 1 }), delivered({ effect: 'transaction', policy: runPolicyOf({ retryattempts: 1 }) })],
  [lapsed({ failures: 1 }), delivered({ policy: runPolicyOf({ retryattempts: 1 }) })],
  [lapsed(), delivered({ effect: 'transaction', settling: true })],
  [lapsed({ once: true }), delivered({ effect: 'once' })],
  [failed, delivered()],
  [tomb, delivered()],
  [deferred, delivered()],
  [deferred, delivered({ settling: true })],
  [revoked, delivered()],
];

/** A verdict in the words of the page. */
const wordsOf = (verdict: ClaimVerdict): readonly string[] => {
  const written = 'write' in verdict && verdict.write && verdict.write.state !== 'RUN' ? [`write \`${verdict.write.state}\``] : [];
  switch (verdict.kind) {
    case 'answer':
      return [...written, `reply \`${verdict.outcome}\``];
    case 'revoke':
      return [...written, 'run `cancel`'];
    case 'repeat':
      return ['publish the recorded reply again'];
    case 'exhausted':
      return ['record and reply `failed`, retryable'];
    default:
      return [verdict.kind];
  }
};

describe('docs/protocol.md', () => {
  test('the page lists the verdicts that the code returns', () => {
    const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const [, chapter = ''] = page.split(/^### 14\.[23]/m);
    const cells = [...chapter.matchAll(/^\|.*\| ([^|]*) \|$/gm)].map(([, cell = '']) => cell).filter((cell) => cell !== 'verdict');
    expect(cells).toHaveLength(ROWS.length);
    for (const [row, [stands, delivery]] of ROWS.entries())
      for (const words of wordsOf(claim(stands, delivery))) expect(cells[row]).toContain(words);
  });
});
