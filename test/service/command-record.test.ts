import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runPolicyOf } from '../../lib/contract/run-policy.ts';
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
import { answer, beat } from '../../lib/service/consumer/token-answer.ts';

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

describe('R1 a command runs only where nothing stands, or no lease holds and its next run is due', () => {
  it('claims a new command with its token, lease and envelope', () => {
    expect(claim(undefined, delivered())).toEqual({
      kind: 'run',
      write: { state: 'RUN', hash: 'h1', token: 'w2:1', nonce: 'n2', leaseUntil: NOW + 60_000, command: '{"id":"c"}' },
    });
  });

  it('marks the claim of class once, so that an answer by token knows nobody will run it again', () => {
    expect(claim(undefined, delivered({ effect: 'once' }))).toMatchObject({ kind: 'run', write: { once: true } });
  });

  it('waits for the rest of a valid lease, in every class', () => {
    for (const effect of EFFECTS) expect(claim(running(), delivered({ effect }))).toEqual({ kind: 'wait', until: NOW + 10_000 });
  });

  it('takes over a lapsed lease of class key and transaction under a new token', () => {
    for (const effect of ['key', 'transaction'] as const)
      expect(claim(lapsed(), delivered({ effect }))).toMatchObject({ kind: 'run', write: { token: 'w2:1', leaseUntil: NOW + 60_000 } });
  });

  it('gives back what this worker cannot run', () => {
    for (const stands of [undefined, lapsed(), revoked]) expect(claim(stands, delivered({ mode: 'hold' }))).toEqual({ kind: 'hold' });
  });
});

describe('R2 whoever lost the lease writes nothing', () => {
  it('refuses completion, deferral and beat of another token, another state and no record', () => {
    for (const stands of [running({ token: 'w9:9' }), done, failed, deferred, revoked, tomb, undefined]) {
      expect(complete(stands, 'w1:1', 'DONE', COMPLETED)).toEqual({ kind: 'lost' });
      expect(defer(stands, 'w1:1', NOW)).toEqual({ kind: 'lost' });
      expect(lease(stands, 'w1:1', NOW)).toEqual({ kind: 'lost' });
    }
  });

  it('beats with the same claim and a later lease', () => {
    expect(lease(running(), 'w1:1', NOW + 99)).toEqual({
      kind: 'write',
      write: { state: 'RUN', hash: 'h1', token: 'w1:1', leaseUntil: NOW + 99, command: '{"id":"c"}' },
    });
  });
});

describe('R3 a definite answer never changes', () => {
  it('repeats the stored reply, also to a settling and in every mode', () => {
    for (const settling of [false, true])
      for (const mode of ['run', 'hold', 'give-up'] as const) {
        expect(claim(done, delivered({ settling, mode }))).toEqual({ kind: 'repeat', reply: COMPLETED });
        expect(claim(failed, delivered({ settling, mode }))).toEqual({ kind: 'repeat', reply: FAILED });
        expect(claim(tomb, delivered({ settling, mode }))).toEqual({ kind: 'answer', outcome: 'cancelled' });
      }
  });

  it('says yes again to the same answer by token and no to any other', () => {
    const byToken = { ...done, nonce: 'n1' };
    expect(answer(byToken, COMPLETED_LATER, NOW)).toEqual({ kind: 'accept', reply: COMPLETED });
    expect(answer(byToken, FAILED, NOW)).toEqual({ kind: 'used' });
    // It was answered by its handler: no holder of a token has said so before.
    expect(answer(done, COMPLETED, NOW)).toEqual({ kind: 'used' });
    expect(answer(failed, COMPLETED, NOW)).toEqual({ kind: 'used' });
    expect(answer(tomb, COMPLETED, NOW)).toEqual({ kind: 'closed' });
    expect(answer(revoked, COMPLETED, NOW)).toEqual({ kind: 'closed' });
    expect(answer(undefined, COMPLETED, NOW)).toEqual({ kind: 'absent' });
  });
});

describe('R4 what was never begun is refused for good by settling it', () => {
  it('writes a tomb and answers cancelled, whatever this worker can run', () => {
    for (const mode of ['run', 'hold', 'give-up'] as const)
      expect(claim(undefined, delivered({ settling: true, mode }))).toEqual({
        kind: 'answer',
        outcome: 'cancelled',
        write: { state: 'TOMB', hash: 'h1' },
      });
  });

  it('answers the copy that comes late cancelled', () => {
    expect(claim(tomb, delivered())).toEqual({ kind: 'answer', outcome: 'cancelled' });
  });
});

describe('R5 settling never decides against a valid lease', () => {
  it('waits for the rest of the lease', () => {
    for (const effect of EFFECTS) expect(claim(running(), delivered({ effect, settling: true })).kind).toBe('wait');
  });

  it('runs a lapsed command of class key to its end', () => {
    expect(claim(lapsed(), delivered({ settling: true })).kind).toBe('run');
  });

  it('buries a lapsed command of class transaction, whose effect would stand with its answer', () => {
    expect(claim(lapsed(), delivered({ settling: true, effect: 'transaction' }))).toEqual({
      kind: 'answer',
      outcome: 'cancelled',
      runs: { failures: 1, lastError: LAPSED },
      write: { state: 'TOMB', hash: 'h1' },
    });
  });

  it('answers a lapsed command of class once unknown', () => {
    const verdict = claim(lapsed(), delivered({ settling: true, effect: 'once' }));
    expect(verdict).toMatchObject({ kind: 'answer', outcome: 'unknown', runs: { failures: 1 } });
  });
});

describe('R6 an answer by token that was taken is the outcome', () => {
  it('keeps an answer that comes before the handler has deferred', () => {
    expect(answer(running(), COMPLETED, NOW)).toMatchObject({ kind: 'accept', write: { state: 'RUN', early: COMPLETED, token: 'w1:1' } });
    expect(answer(running(), COMPLETED, NOW)).not.toHaveProperty('reply');
  });

  it('takes the same early answer twice and refuses another', () => {
    expect(answer(running({ early: COMPLETED }), COMPLETED_LATER, NOW)).toEqual({ kind: 'accept' });
    expect(answer(running({ early: COMPLETED }), FAILED, NOW)).toEqual({ kind: 'used' });
  });

  it('keeps the early answer when a lapsed lease is taken over', () => {
    expect(claim(lapsed({ early: COMPLETED }), delivered())).toMatchObject({ kind: 'run', write: { token: 'w2:1', early: COMPLETED } });
  });

  it('ends a deferral with the early answer instead of waiting', () => {
    expect(defer(running({ early: FAILED }), 'w1:1', NOW)).toEqual({
      kind: 'write',
      write: { state: 'FAILED', hash: 'h1', reply: FAILED },
      reply: FAILED,
    });
  });

  it('ends a handler that answers after all with the early answer', () => {
    expect(complete(running({ early: COMPLETED }), 'w1:1', 'FAILED', FAILED)).toEqual({
      kind: 'write',
      write: { state: 'DONE', hash: 'h1', reply: COMPLETED },
      reply: COMPLETED,
    });
  });

  it('answers with it where the command is given up', () => {
    expect(claim(lapsed({ early: COMPLETED }), delivered({ mode: 'give-up' }))).toMatchObject({
      kind: 'repeat',
      write: { state: 'DONE' },
    });
  });
});

describe('R7 a deferred command is taken back in two steps', () => {
  it('defers without a lease, keeping the envelope that an answer by token needs', () => {
    expect(defer(running(), 'w1:1', NOW)).toEqual({
      kind: 'write',
      write: { state: 'DEFERRED', hash: 'h1', command: '{"id":"c"}', beatAt: NOW },
    });
  });

  it('says deferred again to who asks again', () => {
    expect(claim(deferred, delivered())).toEqual({ kind: 'answer', outcome: 'deferred' });
  });

  it('settles DEFERRED over REVOKED to TOMB, and goes on after a crash half way', () => {
    expect(claim(deferred, delivered({ settling: true }))).toEqual({
      kind: 'revoke',
      write: { state: 'REVOKED', hash: 'h1', command: '{"id":"c"}' },
    });
    expect(claim(revoked, delivered({ settling: true }))).toEqual({ kind: 'revoke' });
    expect(claim(revoked, delivered())).toEqual({ kind: 'revoke' });
    expect(cancelledRecord('h1')).toEqual({ state: 'TOMB', hash: 'h1' });
  });

  it('ends with the answer by token', () => {
    expect(answer(deferred, FAILED, NOW)).toEqual({ kind: 'accept', write: { state: 'FAILED', hash: 'h1', reply: FAILED }, reply: FAILED });
  });

  it('notes a beat, and refuses it once there is an end', () => {
    expect(beat(deferred, NOW)).toMatchObject({ kind: 'accept', write: { state: 'DEFERRED', beatAt: NOW, command: '{"id":"c"}' } });
    expect(beat(running(), NOW)).toEqual({ kind: 'accept' });
    for (const stands of [done, failed, revoked, tomb]) expect(beat(stands, NOW)).toEqual({ kind: 'closed' });
    expect(beat(undefined, NOW)).toEqual({ kind: 'absent' });
  });
});

describe('R8 effect class once is run again only after runs that said notDone', () => {
  it('answers a lapsed lease unknown and stays RUN, so that an answer can still come', () => {
    const unknown = { kind: 'answer', outcome: 'unknown', write: { state: 'RUN', failures: 1, maybeDone: true } };
    expect(claim(lapsed(), delivered({ effect: 'once' }))).toMatchObject(unknown);
    expect(claim(lapsed({ once: true }), delivered({ effect: 'key' }))).toMatchObject(unknown);
  });

  it('runs it again where each run has said notDone', () => {
    const paused = record({ state: 'RUN', hash: 'h1', command: '{"id":"c"}', once: true, failures: 2 });
    expect(claim(paused, delivered({ effect: 'once' }))).toMatchObject({ kind: 'run', write: { once: true, failures: 2 } });
  });

  it('answers a lapsed lease with the early answer', () => {
    expect(claim(lapsed({ once: true, early: COMPLETED }), delivered({ effect: 'once' }))).toEqual({
      kind: 'repeat',
      reply: COMPLETED,
      write: { state: 'DONE', hash: 'h1', reply: COMPLETED },
    });
  });

  it('is ended by an answer that comes after its lease has lapsed', () => {
    expect(answer(lapsed({ once: true }), COMPLETED, NOW)).toEqual({
      kind: 'accept',
      write: { state: 'DONE', hash: 'h1', reply: COMPLETED },
      reply: COMPLETED,
    });
    expect(answer(running({ once: true }), COMPLETED, NOW)).toMatchObject({ kind: 'accept', write: { state: 'RUN', early: COMPLETED } });
  });

  it('of any class is ended by an answer that comes between two runs, since no worker would publish it', () => {
    const paused = record({ state: 'RUN', hash: 'h1', command: '{"id":"c"}', failures: 1, maybeDone: true });
    const write = { state: 'DONE', hash: 'h1', reply: COMPLETED };
    expect(answer(paused, COMPLETED, NOW)).toEqual({ kind: 'accept', write, reply: COMPLETED });
  });
});

describe('R9 an equal id with another hash is refused', () => {
  it('in every state, running and settling', () => {
    for (const stands of [running(), lapsed(), done, failed, deferred, revoked, tomb])
      for (const settling of [false, true]) expect(claim(stands, delivered({ hash: 'h2', settling }))).toEqual({ kind: 'refuse' });
  });
});

describe('R10 giving up', () => {
  it('is failed where the command was never claimed, else unknown', () => {
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

  it('never gives up what another worker is running', () => {
    expect(claim(running(), delivered({ mode: 'give-up' })).kind).toBe('wait');
  });
});

/** In the order of the rows of docs/protocol.md#service-verdicts. */
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

/** What the page says of a verdict, in its words. */
const wordsOf = (verdict: ClaimVerdict): readonly string[] => {
  const written = 'write' in verdict && verdict.write && verdict.write.state !== 'RUN' ? [`write \`${verdict.write.state}\``] : [];
  switch (verdict.kind) {
    case 'answer':
      return [...written, `answer \`${verdict.outcome}\``];
    case 'revoke':
      return [...written, 'run `cancel`'];
    case 'repeat':
      return ['publish the recorded reply again'];
    case 'exhausted':
      return ['record and answer `failed`, retryable'];
    default:
      return [verdict.kind];
  }
};

describe('docs/protocol.md', () => {
  it('has the verdicts of a service as they are', () => {
    const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const [, chapter = ''] = page.split('### 14.2');
    const cells = [...chapter.matchAll(/^\|.*\| ([^|]*) \|$/gm)].map(([, cell = '']) => cell).filter((cell) => cell !== 'verdict');
    expect(cells).toHaveLength(ROWS.length);
    for (const [row, [stands, delivery]] of ROWS.entries())
      for (const words of wordsOf(claim(stands, delivery))) expect(cells[row]).toContain(words);
  });
});
