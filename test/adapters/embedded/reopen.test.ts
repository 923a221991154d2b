import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { headCodec } from '../../../lib/adapters/embedded/head-row.ts';
import { FieldReader } from '../../../lib/adapters/embedded/log/field-text.ts';
import { payloadCodec } from '../../../lib/adapters/embedded/payload-store.ts';
import { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';
import type { State } from '../../../lib/local/state.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import { LEASE_MS } from '../../../lib/service/consumer/consumer.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { newDirectory, opens, queue } from '../opened-states.ts';

const RECEIVE = { max: 10, waitSeconds: 0, visibilitySeconds: 30 };
const GRUEZI = createHash('sha256').update('"grüezi"').digest('hex');
const COMMAND = JSON.stringify({ id: 'default#trip#1/r1/1', data: 'x'.repeat(100) });

async function loaded(state: State, pid = head().pid): Promise<Head | undefined> {
  return (await state.processStore.load([pid], { consistent: true }))[0];
}

/** One booking's worth of every kind of change. */
async function work(state: State): Promise<void> {
  const { processStore, payloadStore, parkingStore, idempotencyStore, sender, publisher } = state;
  await processStore.commit(head(), { kind: 'absent' });
  await processStore.commit(head({ version: 2, control: '{"seq":2}', tail: ['{"a":1}', '{"b":2}'], due: 500, tags: { a: 'b' } }), {
    kind: 'at',
    version: 1,
    run: 'r1',
  });
  await processStore.commit(head({ version: 3, tail: ['{"b":2}', '{"c":3}'], tailFrom: 1 }), { kind: 'at', version: 2, run: 'r1' });
  await processStore.spill({ pid: head().pid, run: 'r1', from: 0, entries: ['{"a":1}'] });
  await processStore.buffer({ pid: 'e', body: 'one', max: 5, expiresAt: 9 });
  await processStore.buffer({ pid: 'e', body: 'two', max: 5, expiresAt: 9 });
  await payloadStore.put('p', GRUEZI, '"grüezi"');
  await parkingStore.park({ pid: 'p', id: '1', reason: 'POISON', detail: 'd', body: 'b', parkedAt: 1 });
  await sender.send('work', [{ body: COMMAND }, { body: 'kept' }]);
  await idempotencyStore.write('c1', { state: 'RUN', hash: 'h', token: 't', command: COMMAND }, 'absent');
  await idempotencyStore.write('c1', { state: 'DONE', hash: 'h', command: COMMAND, reply: COMMAND }, 1);
  await publisher.publish([{ source: 'payments', type: 'payments.charged', detail: JSON.stringify({ replyto: 'trips', data: COMMAND }) }]);
}

async function expectWork(state: State): Promise<void> {
  expect(await loaded(state)).toEqual(head({ version: 3, tail: ['{"b":2}', '{"c":3}'], tailFrom: 1 }));
  expect(await state.processStore.chunks(head().pid, 'r1')).toEqual([{ pid: head().pid, run: 'r1', from: 0, entries: ['{"a":1}'] }]);
  expect(await loaded(state, 'e')).toMatchObject({ status: 'early', version: 2, early: ['one', 'two'] });
  expect(await state.instanceIndex.due(10, 5)).toEqual([{ pid: 'e', run: '', due: 9 }]);
  expect(await state.payloadStore.get('p', GRUEZI)).toBe('"grüezi"');
  expect(await state.parkingStore.parked('p')).toHaveLength(1);
  expect(await state.idempotencyStore.read('c1')).toEqual({ state: 'DONE', hash: 'h', command: COMMAND, reply: COMMAND, revision: 2 });
  expect((await queue(state, 'work').receive(RECEIVE)).map(({ body }) => body)).toEqual([COMMAND, 'kept']);
  const [answer] = await queue(state, 'inbox').receive(RECEIVE);
  expect(JSON.parse(answer?.body as string)).toMatchObject({ 'detail-type': 'payments.charged', detail: { data: COMMAND } });
}

describe('a state in a folder', () => {
  test('a closed state opens unchanged', async () => {
    const directory = newDirectory();
    const state = opens({ directory });
    await work(state);
    state.close();
    await expect(expectWork(opens({ directory }))).resolves.toBeUndefined();
  });

  test.each([
    ['an older', 1],
    ['a newer', 3],
  ])('a state of %s format is refused with STATE_FORMAT, not as unreachable', async (_age, format) => {
    const directory = newDirectory();
    opens({ directory }).close();
    // Format 1 had no sums.
    rmSync(join(directory, 'state.sum'));
    const database = new Database(join(directory, 'state.db'));
    database.exec(`UPDATE meta SET value = ${format} WHERE name = 'format'`);
    database.close();
    const refused = { code: 'STATE_FORMAT', retryable: false, message: expect.stringContaining(`has format ${format}: `) };
    expect(() => opens({ directory })).toThrow(expect.objectContaining(refused));
    expect(() => opens({ directory })).toThrow(expect.objectContaining(refused));
  });

  test('all durable changes survive a crash', async () => {
    const directory = newDirectory();
    const state = opens({ directory });
    await work(state);
    await state.durable();
    state.abandon();
    await expect(expectWork(opens({ directory }))).resolves.toBeUndefined();
  });

  test('all durable changes survive a crash during a checkpoint and two more crashes', async () => {
    const directory = newDirectory();
    const state = opens({ directory, keptMax: 0 });
    await work(state);
    state.checkpoint();
    const [, kept] = await queue(state, 'work').receive(RECEIVE);
    await state.processStore.commit(head({ version: 4 }), { kind: 'at', version: 3, run: 'r1' });
    await queue(state, 'work').delete([kept?.receiptHandle as string]);
    await state.durable();
    state.abandon();
    for (let crash = 0; crash < 2; crash += 1) opens({ directory }).abandon();
    const again = opens({ directory });
    expect(await loaded(again)).toEqual(head({ version: 4 }));
    expect((await queue(again, 'work').receive(RECEIVE)).map(({ body, receiveCount }) => [body, receiveCount])).toEqual([[COMMAND, 2]]);
  });

  test('messages in flight become visible at once, delays are kept, and receive counts continue', async () => {
    const directory = newDirectory();
    const state = opens({ directory });
    await state.sender.send('work', [{ body: 'held' }, { body: 'delayed', delaySeconds: 60 }]);
    const [held] = await queue(state, 'work').receive({ ...RECEIVE, visibilitySeconds: 1000 });
    await state.durable();
    state.abandon();
    const received = await queue(opens({ directory }), 'work').receive(RECEIVE);
    expect(received).toMatchObject([{ body: 'held', messageId: held?.messageId, receiveCount: 2 }]);
  });

  test('a message id is never used again', async () => {
    const directory = newDirectory();
    const ids = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const state = opens({ directory });
      await state.sender.send('inbox', [{ body: 'x' }]);
      const [message] = await queue(state, 'inbox').receive(RECEIVE);
      ids.add(message?.messageId as string);
      await queue(state, 'inbox').delete([message?.receiptHandle as string]);
      state.close();
    }
    expect(ids.size).toBe(3);
  });

  test('every change before durable() survives, and the state is a prefix of all changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('commit', 'send', 'durable', 'checkpoint', 'crash'), { maxLength: 40 }), async (steps) => {
        const directory = newDirectory();
        let state = opens({ directory, keptMax: 0 });
        // The head's version and the messages go in step, so both must be cut at the same place.
        let happened = 0;
        let promised = 0;
        for (const step of [...steps, 'crash']) {
          if (step === 'commit' || step === 'send') {
            const expected = happened === 0 ? ({ kind: 'absent' } as const) : ({ kind: 'at', version: happened, run: 'r1' } as const);
            await state.processStore.commit(head({ version: happened + 1 }), expected);
            await state.sender.send('inbox', [{ body: String(happened + 1) }]);
            happened += 1;
          } else if (step === 'durable') {
            await state.durable();
            promised = happened;
          } else if (step === 'checkpoint') {
            state.checkpoint();
            promised = happened;
          } else {
            state.abandon();
            state = opens({ directory, keptMax: 0 });
            const version = (await loaded(state))?.version ?? 0;
            expect(version).toBeGreaterThanOrEqual(promised);
            expect(version).toBeLessThanOrEqual(happened);
            expect([version, version - 1]).toContain(queue(state, 'inbox').size);
            happened = version;
            promised = version;
            // A message that is missing would have been the last change: sent again, so that both go in step again.
            if (queue(state, 'inbox').size < version) await state.sender.send('inbox', [{ body: String(version) }]);
          }
        }
        state.abandon();
      }),
      { numRuns: 30 },
    );
  });

  test('closed instances that were evicted from memory are read from disk and listed with the others', async () => {
    const state = opens({ directory: newDirectory(), keptMax: 0 });
    const expected: string[] = [];
    for (let n = 0; n < 450; n += 1) {
      const pid = `t#trip#${String(n).padStart(3, '0')}`;
      await state.processStore.commit(head({ pid, startedAt: 1000 - n, status: n % 2 === 0 ? 'completed' : 'running' }), {
        kind: 'absent',
      });
      expected.push(pid);
    }
    state.checkpoint();
    const found: string[] = [];
    for await (const { pid } of state.instanceIndex.list({ tenant: 't', process: 'trip' })) found.push(pid);
    expect(found).toEqual(expected);
    expect((await loaded(state, 't#trip#002'))?.status).toBe('completed');
  });

  test('a list of one status reads no other closed head from disk', async () => {
    const state = opens({ directory: newDirectory(), keptMax: 0 });
    for (let n = 0; n < 500; n += 1)
      await state.processStore.commit(head({ pid: `t#trip#${n}`, startedAt: n, status: n % 100 === 7 ? 'failed' : 'completed' }), {
        kind: 'absent',
      });
    state.checkpoint();
    const decoded = vi.spyOn(headCodec, 'decode');
    onTestFinished(() => decoded.mockRestore());
    const found: number[] = [];
    for await (const { startedAt } of state.instanceIndex.list({ tenant: 't', statuses: ['failed', 'running'] })) found.push(startedAt);
    expect(found).toEqual([407, 307, 207, 107, 7]);
    expect(decoded).toHaveBeenCalledTimes(5);
  });

  test('an early buffer that has expired leaves memory, and begins again with the next event', async () => {
    const state = opens({ directory: newDirectory(), keptMax: 0 });
    await state.processStore.buffer({ pid: 'e', body: 'one', max: 5, expiresAt: 9 });
    const [early] = await state.processStore.load(['e'], { consistent: true });
    const { due: _due, ...rest } = early as Head;
    await state.processStore.commit({ ...rest, version: 2, early: [] }, { kind: 'early', version: 1 });
    state.checkpoint();
    const decoded = vi.spyOn(headCodec, 'decode');
    onTestFinished(() => decoded.mockRestore());
    await state.processStore.buffer({ pid: 'e', body: 'two', max: 5, expiresAt: 20 });
    expect(decoded).toHaveBeenCalledTimes(1);
    expect(await loaded(state, 'e')).toMatchObject({ status: 'early', early: ['two'], due: 20 });
  });

  test.each<[string, (state: State, n: number, text: string) => Promise<unknown>, (state: State, n: number) => Promise<unknown>]>([
    [
      'closed instances',
      (state, n, control) => state.processStore.commit(head({ pid: `t#trip#${n}`, status: 'completed', control }), { kind: 'absent' }),
      (state, n) => loaded(state, `t#trip#${n}`),
    ],
    [
      'command records',
      (state, n, reply) => state.idempotencyStore.write(`${n}`, { state: 'DONE', hash: 'h', reply }, 'absent'),
      (state, n) => state.idempotencyStore.read(`${n}`),
    ],
  ])('cached %s are limited by their size', async (_what, write, read) => {
    const state = opens({ directory: newDirectory() });
    const numbers = Array.from({ length: 80 }, (_, n) => n);
    for (const n of numbers) await write(state, n, 'x'.repeat(300_000));
    state.checkpoint();
    const decoded = vi.spyOn(FieldReader.prototype, 'open');
    onTestFinished(() => decoded.mockRestore());
    for (const n of numbers) expect(await read(state, n)).toBeDefined();
    expect(decoded.mock.calls.length).toBeGreaterThanOrEqual(20);
  });

  test('cached payloads are limited by their size, and read again from disk', async () => {
    const state = opens({ directory: newDirectory() });
    const texts = Array.from({ length: 6 }, (_, n) => JSON.stringify(String(n).repeat(5_000_000)));
    const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
    for (const text of texts) await state.payloadStore.put('p', hashOf(text), text);
    const decoded = vi.spyOn(payloadCodec, 'decode');
    onTestFinished(() => decoded.mockRestore());
    for (const text of texts) expect(await state.payloadStore.get('p', hashOf(text))).toBe(text);
    expect(decoded).toHaveBeenCalledTimes(0);
    state.checkpoint();
    for (const text of texts) expect(await state.payloadStore.get('p', hashOf(text))).toBe(text);
    expect(decoded.mock.calls.length).toBeGreaterThanOrEqual(3);
  });

  test('tenants whose instances are all on disk are named, and each is listed separately', async () => {
    const directory = newDirectory();
    const before = opens({ directory });
    for (const pid of ['acme#trip#1', 'acme#trip#2', 'acme-2#trip#1', 'zoo#trip#1'])
      await before.processStore.commit(head({ pid, status: 'completed', closedAt: 5 }), { kind: 'absent' });
    before.checkpoint();
    before.close();
    const { instanceIndex } = opens({ directory, keptMax: 0 });
    expect(await instanceIndex.tenants()).toEqual(['acme', 'acme-2', 'default', 'zoo']);
    const found: string[] = [];
    for await (const { pid } of instanceIndex.list({ tenant: 'acme' })) found.push(pid);
    expect(found).toEqual(['acme#trip#1', 'acme#trip#2']);
  });

  test('a service receives a message only when it is durable, and the engine at once', async () => {
    const state = opens({ directory: newDirectory() });
    await state.sender.send('inbox', [{ body: 'a' }]);
    await state.sender.send('work', [{ body: 'b' }]);
    let durable = false;
    expect(await queue(state, 'inbox').receive(RECEIVE)).toHaveLength(1);
    void state.durable().then(() => (durable = true));
    expect(durable).toBe(false);
    expect(await queue(state, 'work').receive(RECEIVE)).toHaveLength(1);
    expect(durable).toBe(true);
  });

  test('the delivery count of a message that survived a crash is on disk before the message is delivered', async () => {
    const directory = newDirectory();
    const state = opens({ directory });
    await state.sender.send('inbox', [{ body: 'poison' }]);
    await state.durable();
    state.abandon();
    for (let delivery = 1; delivery <= 3; delivery += 1) {
      const again = opens({ directory });
      expect(await queue(again, 'inbox').receive(RECEIVE)).toMatchObject([{ receiveCount: delivery }]);
      again.abandon();
    }
  });

  test('an attempt is on disk before the claim returns', async () => {
    const directory = newDirectory();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const state = opens({ directory });
      expect(await state.parkingStore.attempt('m1', 1)).toBe(attempt);
      state.abandon();
    }
  });

  test('a second opener is refused with the pid of the first, and accepted after a close', () => {
    const directory = newDirectory();
    const state = opens({ directory });
    expect(() => opens({ directory })).toThrow(
      expect.objectContaining({ code: 'UNREACHABLE', message: expect.stringContaining(`is open in process ${process.pid}`) as string }),
    );
    state.close();
    opens({ directory });
  });

  test('durable() is refused after a close', async () => {
    const state = opens({ directory: newDirectory() });
    state.close();
    await state.sender.send('inbox', [{ body: 'a' }]);
    await expect(state.durable()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('a lease on a command', () => {
  const claim = (leaseUntil: number) => ({ state: 'RUN', hash: 'h', token: 't', leaseUntil, command: COMMAND }) as const;

  test('a lease ends with its process, so that the next process need not wait', async () => {
    const directory = newDirectory();
    const clock = new VirtualClock(1_000_000);
    const state = opens({ directory, clock });
    await state.idempotencyStore.write('c1', claim(clock.now() + LEASE_MS), 'absent');
    await state.durable();
    state.abandon();
    clock.advance(1);
    const record = await opens({ directory, clock }).idempotencyStore.read('c1');
    expect(record).toEqual({ state: 'RUN', hash: 'h', token: 't', command: COMMAND, revision: 1 });
  });

  test('a lease lasts as long as its process lives, even when it was read from disk', async () => {
    const clock = new VirtualClock(1_000_000);
    const state = opens({ directory: newDirectory(), clock, keptMax: 0 });
    await state.idempotencyStore.write('c1', claim(clock.now() + LEASE_MS), 'absent');
    await state.durable();
    state.checkpoint();
    expect(await state.idempotencyStore.read('c1')).toMatchObject({ leaseUntil: clock.now() + LEASE_MS });
  });
});
