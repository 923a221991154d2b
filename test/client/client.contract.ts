import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client, Summary } from 'tutti/client';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { approval, code, desk, NoteAdded, order, OrderPlaced, people, Viewed, views } from './shop-orders.ts';

/** A running shop, as a client reaches it. */
export interface ReachedShop {
  readonly client: Client;
  /** The journal of the newest run. */
  readonly journal: (process: { readonly name: string }, id: string) => Promise<readonly JournalEntry[]>;
  /** Resolves when `done` does not throw any more; until then the system goes on. */
  readonly until: (done: () => unknown) => Promise<void>;
  /** A few milliseconds at least. */
  readonly letTimePass: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What every connection does alike, whatever runs behind it: instances of each test have ids of their own, since they share one system. */
export function clientContract(name: string, reach: () => Promise<ReachedShop>): void {
  describe(`a client over ${name}`, () => {
    let shop: ReachedShop;
    let client: Client;
    /** Of this test alone. */
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
      test('resolves with the run that the head then has', async () => {
        const started = await client.start(order, lamp());
        expect(started).toEqual({ id, run: (await client.describe(order, id)).run, started: true });
      });

      test('of an open id is refused where the definition rejects it', async () => {
        const { run } = await client.start(order, lamp());
        await expect(client.start(order, lamp())).rejects.toMatchObject({ code: 'ALREADY_OPEN', details: { run } });
      });

      test('of an open id joins it where the definition or the caller attaches', async () => {
        const first = await client.start(approval, { item: id }, { id });
        expect(await client.start(approval, { item: 'other' }, { id })).toEqual({ ...first, started: false });
        const { run } = await client.start(order, lamp());
        expect(await client.start(order, lamp(), { onOpen: 'attach' })).toEqual({ id, run, started: false });
      });

      test('of an open id hands its input over where the caller asks for it', async () => {
        const { run } = await client.start(order, lamp());
        expect(await client.start(order, lamp(), { onOpen: 'signal' })).toEqual({ id, run, started: false });
        expect(await shop.journal(order, id)).toContainEqual(
          expect.objectContaining({ type: 'EventReceived', event: OrderPlaced.type, data: lamp() }),
        );
      });

      test('of an id that has ended is refused, or begins a new run where the definition restarts', async () => {
        await failedOrder();
        await expect(client.start(order, lamp())).rejects.toMatchObject({ code: 'ALREADY_USED', details: { status: 'failed' } });
        const first = await client.start(approval, { item: id }, { id });
        await client.terminate(approval, id, 'a mistake');
        const second = await client.start(approval, { item: id }, { id });
        expect(second.started).toBe(true);
        expect(second.run).not.toBe(first.run);
      });

      test('carries data that is too large for a message', async () => {
        const item = 'x'.repeat(300_000);
        const started = await client.start(order, lamp(item));
        expect(started.started).toBe(true);
        expect(await shop.journal(order, id)).toContainEqual(expect.objectContaining({ type: 'ProcessStarted', data: lamp(item) }));
      });

      test('gives an instance without an id a new one, and tags', async () => {
        const started = await client.start(approval, { item: id }, { tags: { floor: '2' } });
        expect(started.id).toMatch(/^[0-9A-Z]{26}$/);
        expect((await client.describe(approval, started.id)).tags).toEqual({ floor: '2' });
      });

      test('refuses input that the contract does not allow, an id that cannot be one, and a decider', async () => {
        await expect(client.start(order, { orderId: id } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
        await expect(client.start(order, lamp(), { id: 'o 1' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
        await expect(client.start(views, undefined as never)).rejects.toMatchObject({
          code: 'DATA_INVALID',
          remedy: 'Publish one of shop.viewed.',
        });
      });
    });

    describe('publish', () => {
      test('starts what the event starts; the same id again is a duplicate', async () => {
        await client.publish(OrderPlaced, lamp(), { id: `placed-${id}` });
        await waitsForNote();
        const before = await shop.journal(order, id);
        await client.publish(OrderPlaced, lamp(), { id: `placed-${id}` });
        await client.signal(order, id, NoteAdded, note('done'));
        await client.result(order, id);
        const added = (await shop.journal(order, id)).slice(before.length).map(({ type }) => type);
        expect(added.filter((type) => type === 'EventReceived' || type === 'StartRejected')).toEqual(['EventReceived']);
      });

      test("takes the contract's dedupe key as the event's id", async () => {
        for (const item of ['tent', 'tent', 'kayak']) await client.publish(Viewed, { userId: id, item });
        await until(async () => expect(await client.query(views, id)).toEqual({ count: 2 }));
      });

      test('refuses data that the contract does not allow, more than the bus takes, and an id that cannot travel', async () => {
        await expect(client.publish(OrderPlaced, { orderId: id } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
        await expect(client.publish(OrderPlaced, lamp('x'.repeat(21 * 1024 * 1024)))).rejects.toMatchObject({ code: 'DATA_TOO_LARGE' });
        await expect(client.publish(OrderPlaced, lamp(), { id: 'two words' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
      });
    });

    describe('signal', () => {
      test('reaches the one instance that it is addressed to, whatever its data names', async () => {
        await client.start(order, lamp());
        await client.signal(order, id, NoteAdded, { orderId: 'another', text: 'ring twice' });
        expect(await client.result(order, id)).toEqual({ shelf: 'shelf of lamp', text: 'ring twice' });
      });

      test('waits for an instance that has not been started', async () => {
        await client.signal(order, id, NoteAdded, note('early'));
        await client.publish(OrderPlaced, lamp());
        await until(async () => expect(await client.describe(order, id)).toMatchObject({ process: 'order' }));
        expect(await client.result(order, id)).toMatchObject({ text: 'early' });
      });

      test('is refused by an instance that has ended, and where the process does not hear the event', async () => {
        await failedOrder();
        await expect(client.signal(order, id, NoteAdded, note('late'))).rejects.toMatchObject({ code: 'CLOSED' });
        await expect(client.signal(order, id, Viewed as never, { userId: 'a', item: 'b' } as never)).rejects.toMatchObject({
          code: 'DATA_INVALID',
        });
      });
    });

    describe('query, describe and list', () => {
      test('a view is null until there is one, and outlives its run', async () => {
        await client.start(approval, { item: id }, { id });
        expect(await client.query(approval, id)).toBeNull();
        await client.start(order, lamp());
        await client.signal(order, id, NoteAdded, note(''));
        await client.result(order, id);
        expect(await client.query(order, id)).toEqual({ shelf: 'shelf of lamp' });
      });

      test('what is not there is not found', async () => {
        const early = `${id}-early`;
        await client.signal(order, early, NoteAdded, { orderId: early, text: 'early' });
        for (const missing of [id, early, 'no id']) {
          await expect(client.query(order, missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
          await expect(client.describe(order, missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
          await expect(client.cancel(order, missing, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
        }
      });

      test('a description tells what an instance waits for, and its open steps', async () => {
        await client.start(approval, { item: id }, { id });
        await deferred();
        expect(await client.describe(approval, id)).toMatchObject({
          process: 'approval',
          id,
          status: 'running',
          version: 1,
          started: expect.any(Date),
          why: expect.stringMatching(/^waits for an answer to people\.approve by its token since \d{4}-\d\d-\d\dT[\d:.]+Z/),
          pending: [{ kind: 'command', command: 'people.approve', deferred: true, attempt: 1 }],
        });
        await client.start(order, lamp());
        await waitsForNote();
      });

      test('a list has the newest start first and keeps to its filter', async () => {
        const ids = async (filter: Parameters<Client['list']>[0] = {}): Promise<string[]> =>
          (await listed({ tag: { test: id }, ...filter })).map((each) => each.id);
        await client.start(approval, { item: 'a' }, { id: `${id}-a`, tags: { test: id, floor: '1' } });
        const { started } = await client.describe(approval, `${id}-a`);
        // What has started at the same millisecond has no order.
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
      test('throws the failure, which the guard of the process knows', async () => {
        await client.start(order, lamp('nothing'));
        const error: unknown = await client.result(order, id).catch((caught: unknown) => caught);
        expect(order.failed(error)).toBe(true);
        expect(error).toMatchObject({ type: 'NotToBeHad', data: { item: 'nothing' } });
      });

      test('of a cancelled or terminated instance says which', async () => {
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

      test('that does not come in time is TIMED_OUT', async () => {
        await client.start(order, lamp());
        await expect(client.result(order, id, { timeout: '1 second' })).rejects.toMatchObject({ code: 'TIMED_OUT' });
      });

      test('of 150 KB comes as it was', async () => {
        const text = 'long '.repeat(30_000);
        await client.start(order, lamp());
        await client.signal(order, id, NoteAdded, note(text));
        expect(await client.result(order, id)).toEqual({ shelf: 'shelf of lamp', text });
      });
    });

    describe('acts', () => {
      test('a cancel undoes what was done', async () => {
        await client.start(order, lamp());
        await waitsForNote();
        await client.cancel(order, id, 'the customer rang');
        await hasStatus(order, 'cancelled');
        const journal = await shop.journal(order, id);
        const requested = { type: 'CancelRequested', reason: 'the customer rang', by: expect.stringMatching(/.+/) };
        expect(journal).toContainEqual(expect.objectContaining(requested));
        expect(journal).toContainEqual(expect.objectContaining({ type: 'CommandIssued', command: 'stock.giveBack' }));
      });

      test('nothing is done to an instance that has ended', async () => {
        await failedOrder();
        await expect(client.cancel(order, id, '')).rejects.toMatchObject({ code: 'CLOSED' });
        await expect(client.terminate(order, id, '')).rejects.toMatchObject({ code: 'CLOSED' });
        await expect(client.resume(order, id)).rejects.toMatchObject({ code: 'CLOSED' });
      });

      test('to resume what is not stuck changes nothing', async () => {
        await client.start(order, lamp());
        await waitsForNote();
        const before = await shop.journal(order, id);
        await client.resume(order, id);
        expect(await shop.journal(order, id)).toEqual(before);
      });
    });

    describe('a stuck instance', () => {
      /** It takes seconds until the engine gives up, so those of all tests get stuck at a time. */
      const stuck = ['a', 'b', 'c', 'd'].map((letter) => `stuck-${letter}-${randomUUID().slice(0, 8)}`);

      beforeAll(async () => {
        code.mended = false;
        for (const each of stuck) await client.publish(OrderPlaced, { orderId: each, item: 'bug' });
        for (id of stuck) await hasStatus(order, 'stuck');
      }, 60_000);
      beforeEach(() => {
        id = stuck.pop() as string;
      });

      test('says why, and what to do', async () => {
        const { why } = await client.describe(order, id);
        expect(why).toMatch(/^stuck \(POISON\): .*the code is wrong.*\. Correct the process, then resume the instance with tutti resume$/);
      });

      test('goes on when it is resumed and the code is mended', async () => {
        code.mended = true;
        await client.resume(order, id);
        await client.signal(order, id, NoteAdded, note('at last'));
        expect(await client.result(order, id)).toMatchObject({ text: 'at last' });
      });

      test('can be terminated', async () => {
        await client.terminate(order, id, 'not worth it');
        expect((await client.describe(order, id)).status).toBe('terminated');
      });

      test('is open: another start is refused', async () => {
        await expect(client.start(order, lamp())).rejects.toMatchObject({ code: 'ALREADY_OPEN', details: { status: 'stuck' } });
      });
    });

    describe('answers by token', () => {
      test('somebody completes, or fails, what was deferred', async () => {
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

      test('the same answer again is a yes, another one is refused', async () => {
        await client.start(approval, { item: id }, { id });
        await deferred();
        await client.complete(people.approve, desk.get(id)!, { by: 'ada' });
        await client.complete(people.approve, desk.get(id)!, { by: 'ada' });
        await expect(client.complete(people.approve, desk.get(id)!, { by: 'bob' })).rejects.toMatchObject({ code: 'ALREADY_USED' });
      });

      test('a token that is none, and an answer that the contract does not allow, are refused', async () => {
        await expect(client.complete(people.approve, 't1.nonsense', { by: 'ada' })).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
        await client.start(approval, { item: id }, { id });
        await deferred();
        await expect(client.complete(people.approve, desk.get(id)!, { by: 7 } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
      });
    });
  });
}
