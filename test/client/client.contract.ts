import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, Summary } from 'tutti/client';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { approval, code, desk, NoteAdded, order, OrderPlaced, people, Viewed, views } from './shop-orders.ts';

/** A running shop, and its connection. */
export interface ReachedShop {
  readonly client: Client;
  /** Reads the journal of the newest run. */
  readonly journal: (process: { readonly name: string }, id: string) => Promise<readonly JournalEntry[]>;
  /** Resolves when `done` stops throwing; the system runs until then. */
  readonly until: (done: () => unknown) => Promise<void>;
  /** Waits at least a few milliseconds. */
  readonly letTimePass: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The contract of every connection. The tests share one system, so each uses instance ids of its own. */
export function clientContract(name: string, reach: () => Promise<ReachedShop>): void {
  describe(`a client over ${name}`, () => {
    let shop: ReachedShop;
    let client: Client;
    /** Makes an id that only this test uses. */
    let id: string;

    beforeAll(async () => {
      shop = await reach();
      ({ client } = shop);
    });
    afterAll(() => shop.close());
    beforeEach(() => {
      id = `x-${randomUUID().slice(0, 8)}`;
      code.mended = false;
    });

    const lamp = (item = 'lamp'): { orderId: string; item: string } => ({ orderId: id, item });
    const note = (text: string): { orderId: string; text: string } => ({ orderId: id, text });
    const until = (done: () => unknown): Promise<void> => shop.until(done);

    const hasStatus = (process: typeof order | typeof approval, status: string): Promise<void> =>
      until(async () => expect(await client.describe(process, id)).toMatchObject({ status }));

    const waitsForNote = (): Promise<void> =>
      until(async () => expect(await client.describe(order, id)).toMatchObject({ why: 'waits for the event shop.note-added' }));

    const deferred = (): Promise<void> =>
      until(async () => expect(await client.describe(approval, id)).toMatchObject({ pending: [{ deferred: true }] }));

    async function failedOrder(): Promise<void> {
      await client.start(order, lamp('nothing'));
      await hasStatus(order, 'failed');
    }

    async function listed(filter: Parameters<Client['list']>[0]): Promise<Summary[]> {
      const found: Summary[] = [];
      for await (const summary of client.list(filter)) found.push(summary);
      return found;
    }

    describe('start', () => {
      test('start resolves with the run of the head', async () => {
        const started = await client.start(order, lamp());
        expect(started).toEqual({ id, run: (await client.describe(order, id)).run, started: true });
      });

      test('start of an open id is refused if the definition rejects it', async () => {
        const { run } = await client.start(order, lamp());
        await expect(client.start(order, lamp())).rejects.toMatchObject({ code: 'ALREADY_OPEN', details: { run } });
      });

      test('start of an open id joins the instance if the definition or the caller attaches', async () => {
        const first = await client.start(approval, { item: id }, { id });
        expect(await client.start(approval, { item: 'other' }, { id })).toEqual({ ...first, started: false });
        const { run } = await client.start(order, lamp());
        expect(await client.start(order, lamp(), { onOpen: 'attach' })).toEqual({ id, run, started: false });
      });

      test('start of an open id delivers its input as a signal if the caller asks for it', async () => {
        const { run } = await client.start(order, lamp());
        expect(await client.start(order, lamp(), { onOpen: 'signal' })).toEqual({ id, run, started: false });
        expect(await shop.journal(order, id)).toContainEqual(
          expect.objectContaining({ type: 'EventReceived', event: OrderPlaced.type, data: lamp() }),
        );
      });

      test('start of an ended id is refused, or begins a new run if the definition restarts', async () => {
        await failedOrder();
        await expect(client.start(order, lamp())).rejects.toMatchObject({ code: 'ALREADY_USED', details: { status: 'failed' } });
        const first = await client.start(approval, { item: id }, { id });
        await client.terminate(approval, id, 'a mistake');
        const second = await client.start(approval, { item: id }, { id });
        expect(second.started).toBe(true);
        expect(second.run).not.toBe(first.run);
      });

      test('start carries data that is too large for a message', async () => {
        const item = 'x'.repeat(300_000);
        const started = await client.start(order, lamp(item));
        expect(started.started).toBe(true);
        expect(await shop.journal(order, id)).toContainEqual(expect.objectContaining({ type: 'ProcessStarted', data: lamp(item) }));
      });

      test('start makes an id for an instance without one, and sets tags', async () => {
        const started = await client.start(approval, { item: id }, { tags: { floor: '2' } });
        expect(started.id).toMatch(/^[0-9A-Z]{26}$/);
        expect((await client.describe(approval, started.id)).tags).toEqual({ floor: '2' });
      });

      test('start refuses invalid input, an invalid id, and a decider', async () => {
        await expect(client.start(order, { orderId: id } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
        await expect(client.start(order, lamp(), { id: 'o 1' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
        await expect(client.start(views, undefined as never)).rejects.toMatchObject({
          code: 'DATA_INVALID',
          remedy: 'Publish one of shop.viewed.',
        });
      });
    });

    describe('publish', () => {
      test('publish starts the processes of an event, and a repeated event id is a duplicate', async () => {
        await client.publish(OrderPlaced, lamp(), { id: `placed-${id}` });
        await waitsForNote();
        const before = await shop.journal(order, id);
        await client.publish(OrderPlaced, lamp(), { id: `placed-${id}` });
        await client.signal(order, id, NoteAdded, note('done'));
        await client.result(order, id);
        const added = (await shop.journal(order, id)).slice(before.length).map(({ type }) => type);
        expect(added.filter((type) => type === 'EventReceived' || type === 'StartRejected')).toEqual(['EventReceived']);
      });

      test("publish uses the contract's dedupe key as the event id", async () => {
        for (const item of ['tent', 'tent', 'kayak']) await client.publish(Viewed, { userId: id, item });
        await until(async () => expect(await client.query(views, id)).toEqual({ count: 2 }));
      });

      test('publish refuses invalid data, data that is too large, and an invalid event id', async () => {
        await expect(client.publish(OrderPlaced, { orderId: id } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
        await expect(client.publish(OrderPlaced, lamp('x'.repeat(21 * 1024 * 1024)))).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' });
        await expect(client.publish(OrderPlaced, lamp(), { id: 'two words' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
      });
    });

    describe('signal', () => {
      test('signal reaches only the addressed instance, even if its data names another', async () => {
        await client.start(order, lamp());
        await client.signal(order, id, NoteAdded, { orderId: 'another', text: 'ring twice' });
        expect(await client.result(order, id)).toEqual({ shelf: 'shelf of lamp', text: 'ring twice' });
      });

      test('signal before the start waits for the start', async () => {
        await client.signal(order, id, NoteAdded, note('early'));
        await client.publish(OrderPlaced, lamp());
        await until(async () => expect(await client.describe(order, id)).toMatchObject({ process: 'order' }));
        expect(await client.result(order, id)).toMatchObject({ text: 'early' });
      });

      test('signal is refused after the end of the instance, and for an event that the process does not receive', async () => {
        await failedOrder();
        await expect(client.signal(order, id, NoteAdded, note('late'))).rejects.toMatchObject({ code: 'CLOSED' });
        await expect(client.signal(order, id, Viewed as never, { userId: 'a', item: 'b' } as never)).rejects.toMatchObject({
          code: 'DATA_INVALID',
        });
      });
    });

    describe('query, describe and list', () => {
      test('a view is null until the process sets it, and outlives the run', async () => {
        await client.start(approval, { item: id }, { id });
        expect(await client.query(approval, id)).toBeNull();
        await client.start(order, lamp());
        await client.signal(order, id, NoteAdded, note(''));
        await client.result(order, id);
        expect(await client.query(order, id)).toEqual({ shelf: 'shelf of lamp' });
      });

      test('query, describe, result and operations of a missing instance are NOT_FOUND', async () => {
        const early = `${id}-early`;
        await client.signal(order, early, NoteAdded, { orderId: early, text: 'early' });
        for (const missing of [id, early, 'no id']) {
          await expect(client.query(order, missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
          await expect(client.describe(order, missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
          await expect(client.cancel(order, missing, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
        }
      });

      test('describe returns what an instance waits for, and its open steps', async () => {
        await client.start(approval, { item: id }, { id });
        await deferred();
        expect(await client.describe(approval, id)).toMatchObject({
          process: 'approval',
          id,
          status: 'running',
          version: 1,
          started: expect.any(Date),
          why: expect.stringMatching(/^waits for a reply to people\.approve by its token since \d{4}-\d\d-\d\dT[\d:.]+Z/),
          pending: [{ kind: 'command', command: 'people.approve', deferred: true, attempt: 1 }],
        });
        await client.start(order, lamp());
        await waitsForNote();
      });

      test('list returns the newest start first and applies its filter', async () => {
        const ids = async (filter: Parameters<Client['list']>[0] = {}): Promise<string[]> =>
          (await listed({ tag: { test: id }, ...filter })).map((each) => each.id);
        await client.start(approval, { item: 'a' }, { id: `${id}-a`, tags: { test: id, floor: '1' } });
        const { started } = await client.describe(approval, `${id}-a`);
        // Starts in the same millisecond have no order.
        await shop.letTimePass();
        await client.start(order, lamp('nothing'), { tags: { test: id } });
        await hasStatus(order, 'failed');
        await until(async () => expect(await ids()).toEqual([id, `${id}-a`]));
        const [failed] = await listed({ tag: { test: id }, status: 'failed' });
        expect(failed).toMatchObject({ id, why: expect.stringMatching(/^failed at .*: NotToBeHad$/) });
        expect(await ids({ status: ['running', 'stuck'], tag: { test: id, floor: '1' } })).toEqual([`${id}-a`]);
        expect(await ids({ process: approval, startedAfter: new Date(started.getTime() + 1) })).toEqual([]);
        expect(await ids({ startedBefore: started })).toEqual([`${id}-a`]);
      });
    });

    describe('result', () => {
      test('result throws the failure, which the type guard of the process accepts', async () => {
        await client.start(order, lamp('nothing'));
        const error: unknown = await client.result(order, id).catch((caught: unknown) => caught);
        expect(order.failed(error)).toBe(true);
        expect(error).toMatchObject({ type: 'NotToBeHad', data: { item: 'nothing' } });
      });

      test('result of a cancelled or terminated instance throws an error that says which', async () => {
        await client.start(order, lamp());
        await waitsForNote();
        await client.cancel(order, id, 'too late');
        await expect(client.result(order, id)).rejects.toMatchObject({ code: 'CANCELLED', reason: 'requested' });
        await client.start(approval, { item: id }, { id });
        await client.terminate(approval, id, 'a mistake');
        await expect(client.result(approval, id)).rejects.toMatchObject({
          code: 'CLOSED',
          message: `approval ${id} was terminated: a mistake: it has no result.`,
        });
      });

      test('result throws TIMED_OUT if the instance does not end in time', async () => {
        await client.start(order, lamp());
        await expect(client.result(order, id, { timeout: '1 second' })).rejects.toMatchObject({ code: 'TIMED_OUT' });
      });

      test('a result of 150 KB is returned unchanged', async () => {
        const text = 'long '.repeat(30_000);
        await client.start(order, lamp());
        await client.signal(order, id, NoteAdded, note(text));
        expect(await client.result(order, id)).toEqual({ shelf: 'shelf of lamp', text });
      });
    });

    describe('operations', () => {
      test('cancel undoes the completed steps', async () => {
        await client.start(order, lamp());
        await waitsForNote();
        await client.cancel(order, id, 'the customer rang');
        await hasStatus(order, 'cancelled');
        const journal = await shop.journal(order, id);
        const requested = { type: 'CancelRequested', reason: 'the customer rang', by: expect.stringMatching(/.+/) };
        expect(journal).toContainEqual(expect.objectContaining(requested));
        expect(journal).toContainEqual(expect.objectContaining({ type: 'CommandIssued', command: 'stock.giveBack' }));
      });

      test('operations on an ended instance are refused', async () => {
        await failedOrder();
        await expect(client.cancel(order, id, '')).rejects.toMatchObject({ code: 'CLOSED' });
        await expect(client.terminate(order, id, '')).rejects.toMatchObject({ code: 'CLOSED' });
        await expect(client.resume(order, id)).rejects.toMatchObject({ code: 'CLOSED' });
      });

      test('resume of an instance that is not stuck has no effect', async () => {
        await client.start(order, lamp());
        await waitsForNote();
        const before = await shop.journal(order, id);
        await client.resume(order, id);
        expect(await shop.journal(order, id)).toEqual(before);
      });
    });

    describe('a stuck instance', () => {
      /** The engine retries for seconds before an instance gets stuck, so the instances of all tests get stuck in parallel. */
      const stuck = ['a', 'b', 'c', 'd'].map((letter) => `stuck-${letter}-${randomUUID().slice(0, 8)}`);

      beforeAll(async () => {
        code.mended = false;
        for (const each of stuck) await client.publish(OrderPlaced, { orderId: each, item: 'bug' });
        for (id of stuck) await hasStatus(order, 'stuck');
      }, 60_000);
      beforeEach(() => {
        id = stuck.pop() as string;
      });

      test('describe of a stuck instance returns the reason and the remedy', async () => {
        const { why } = await client.describe(order, id);
        expect(why).toMatch(
          /^stuck \(POISON\): .*the code is wrong.*\. Correct the process, or throw ctx\.fail\(reason\) where it should fail, then resume the instance with tutti resume$/,
        );
      });

      test('a stuck instance continues when it is resumed on fixed code', async () => {
        code.mended = true;
        await client.resume(order, id);
        await client.signal(order, id, NoteAdded, note('at last'));
        expect(await client.result(order, id)).toMatchObject({ text: 'at last' });
      });

      test('a stuck instance can be terminated', async () => {
        await client.terminate(order, id, 'not worth it');
        expect((await client.describe(order, id)).status).toBe('terminated');
      });

      test('a stuck instance is open, so another start is refused', async () => {
        await expect(client.start(order, lamp())).rejects.toMatchObject({ code: 'ALREADY_OPEN', details: { status: 'stuck' } });
      });
    });

    describe('deferred tasks', () => {
      test('complete and fail end a deferred command by its token', async () => {
        const vase = `${id}-vase`;
        await client.start(approval, { item: id }, { id });
        await client.start(approval, { item: vase }, { id: vase });
        await until(() => expect([desk.has(id), desk.has(vase)]).toEqual([true, true]));
        await client.heartbeat(desk.get(id)!);
        await client.complete(people.approve, desk.get(id)!, { by: 'ada' });
        await client.fail(people.approve, desk.get(vase)!, people.approve.errors.Refused({}));
        expect(await client.result(approval, id)).toEqual({ by: 'ada' });
        await expect(client.result(approval, vase)).rejects.toMatchObject({ code: 'PROCESS_FAILED', type: 'Other' });
      });

      test('a repeated answer to a task succeeds, and a different one is refused', async () => {
        await client.start(approval, { item: id }, { id });
        await deferred();
        await client.complete(people.approve, desk.get(id)!, { by: 'ada' });
        await client.complete(people.approve, desk.get(id)!, { by: 'ada' });
        await expect(client.complete(people.approve, desk.get(id)!, { by: 'bob' })).rejects.toMatchObject({ code: 'ALREADY_USED' });
      });

      test('a malformed token, and an answer that violates the contract, are refused', async () => {
        await expect(client.complete(people.approve, 't1.nonsense', { by: 'ada' })).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
        await client.start(approval, { item: id }, { id });
        await deferred();
        await expect(client.complete(people.approve, desk.get(id)!, { by: 7 } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
      });
    });
  });
}
