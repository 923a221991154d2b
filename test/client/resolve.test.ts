import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, decider, event, process, send, service, system } from 'tutti';
import { scripted, simulate } from 'tutti/testing';

const Start = event('m.start', z.object({ id: z.string() }));
const Go = event('m.go', z.object({ id: z.string() }));
const undo = command({ input: z.object({ n: z.int() }) });
const act = command({
  input: z.object({ n: z.int() }),
  output: z.object({ n: z.int() }),
  errors: { No: z.object({}) },
  undo: { command: undo, input: (input) => input },
  retry: { attempts: 2 },
});
const quote = command({ input: z.object({ n: z.int() }), output: z.object({ n: z.int() }), retry: { attempts: 2, within: '1 minute' } });
const svc = service('svc', { undo, act, quote });
const OPTIONS = { startOn: Start.byId((start) => start.id), receives: [Go.byId((go) => go.id)] };
const throwing = async (): Promise<never> => {
  throw new Error('ECONNREFUSED');
};
const HANDLERS = { act: throwing, quote: throwing, undo: async () => {} };

const one = process('one', OPTIONS, async (ctx) => (await ctx.call(svc.act, { n: 1 })).n);
const stuck = async () => {
  const world = simulate(system('m', { processes: [one], services: [svc] }), { services: [scripted(svc, HANDLERS)] });
  world.expectStuck(one, 'x', 'UNKNOWN_OUTCOME');
  await world.client.publish(Start, { id: 'x' });
  await world.advance('1 hour');
  expect((await world.client.describe(one, 'x')).status).toBe('stuck');
  return world;
};

describe('client.resolve', () => {
  test('resolve records the output of the command that an instance is stuck on', async () => {
    const world = await stuck();
    await world.client.resolve(one, 'x', 'svc.act:1', { command: svc.act, output: { n: 7 }, reason: 'seen in the console' });
    expect(await world.client.result(one, 'x')).toBe(7);
    expect(world.journal(one, 'x')).toContainEqual(
      expect.objectContaining({ type: 'CommandAnswered', resolved: expect.objectContaining({ reason: 'seen in the console' }) }),
    );
  });

  test('resolve records a declared failure', async () => {
    const world = await stuck();
    await world.client.resolve(one, 'x', 'svc.act:1', { command: svc.act, failure: svc.act.errors.No({}) });
    await expect(world.client.result(one, 'x')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  });

  test('resolve refuses a step that is not open, another command, and an output that violates the contract', async () => {
    const world = await stuck();
    await expect(world.client.resolve(one, 'x', 'svc.act:9', { output: { n: 7 } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(world.client.resolve(one, 'x', 'svc.act:1', { command: svc.undo, output: null })).rejects.toMatchObject({
      code: 'DATA_INVALID',
    });
    await expect(world.client.resolve(one, 'x', 'svc.act:1', { output: { n: 'x' } })).rejects.toMatchObject({ code: 'DATA_INVALID' });
    await expect(world.client.resolve(one, 'x', 'svc.act:1', { failure: { type: 'No', data: 7 } })).rejects.toMatchObject({
      code: 'DATA_INVALID',
    });
    expect((await world.client.describe(one, 'x')).status).toBe('stuck');
  });

  test('resume with skip of a step that is not an undo recommends resolve', async () => {
    const world = await stuck();
    await expect(world.client.resume(one, 'x', { skip: 'svc.act:1' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      remedy: expect.stringContaining('tutti resolve one x svc.act:1'),
    });
  });
});

test('client.cancel cancels a stuck instance', async () => {
  const world = await stuck();
  await world.client.cancel(one, 'x', 'fraud');
  await world.settle();
  expect((await world.client.describe(one, 'x')).status).toBe('cancelled');
});

test('an exhausted command without an undo rejects its step', async () => {
  const asking = process('asking', OPTIONS, async (ctx) => {
    try {
      await ctx.call(svc.quote, { n: 1 });
      return 'A';
    } catch (error) {
      return (error as { readonly lastError?: { readonly message: string } }).lastError?.message ?? 'B';
    }
  });
  const world = simulate(system('m', { processes: [asking], services: [svc] }), { services: [scripted(svc, HANDLERS)] });
  await world.client.publish(Start, { id: 'x' });
  await world.advance('3 hours');
  expect(await world.client.result(asking, 'x')).toBe('ECONNREFUSED');
});

test('a race loser whose handler keeps throwing does not make its instance stuck', async () => {
  const racing = process('racing', OPTIONS, async (ctx) => {
    const called = ctx.call(svc.act, { n: 1 }, { retry: { within: '1 minute', attempts: 2 } });
    return (await ctx.race({ called, late: ctx.sleep('1 minute') })).winner;
  });
  const world = simulate(system('m', { processes: [racing], services: [svc] }), { services: [scripted(svc, HANDLERS)] });
  await world.client.publish(Start, { id: 'x' });
  await world.advance('1 day');
  expect(await world.client.describe(racing, 'x')).toMatchObject({ status: 'completed' });
});

test('a decider continues after a command that its service did not complete', async () => {
  const asker = decider('asker', { state: z.object({ n: z.int() }), initial: () => ({ n: 0 }) })
    .on(
      Start.byId((start) => start.id),
      (state) => [state, send(svc.quote, { n: 1 })],
    )
    .on(svc.quote, (state, heard) => (svc.quote.exhausted(heard) ? { n: 1 } : state))
    .on(
      Go.byId((go) => go.id),
      ({ n }) => ({ n: n + 6 }),
    );
  const world = simulate(system('m', { processes: [asker], services: [svc] }), { services: [scripted(svc, HANDLERS)] });
  world.down(svc, '1 hour');
  await world.client.publish(Start, { id: 'x' });
  await world.advance('2 hours');
  await world.client.publish(Go, { id: 'x' });
  await world.settle();
  expect(await world.client.query(asker, 'x')).toEqual({ n: 7 });
});

test('a command that its process continued without is listed as unresolved until its outcome is recorded', async () => {
  const racing = process('racing', OPTIONS, async (ctx) => {
    return (await ctx.race({ called: ctx.call(svc.act, { n: 1 }), late: ctx.sleep('1 minute') })).winner;
  });
  const world = simulate(system('m', { processes: [racing], services: [svc] }), { services: [scripted(svc, HANDLERS)] });
  const listed = async (): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of world.client.list({ unresolved: true })) ids.push(id);
    return ids;
  };
  await world.client.publish(Start, { id: 'x' });
  expect(await listed()).toEqual([]);
  await world.advance('1 day');
  expect(await listed()).toEqual(['x']);
  const { status, unresolved } = await world.client.describe(racing, 'x');
  expect(status).toBe('completed');
  expect(unresolved).toMatchObject([{ step: 'svc.act:1', command: 'svc.act', attempts: 2, lastError: { message: 'ECONNREFUSED' } }]);
  await world.client.resolve(racing, 'x', 'svc.act:1', { output: { n: 1 } });
  await world.settle();
  expect(await listed()).toEqual([]);
  expect(world.calls(svc.undo)).toEqual([{ n: 1 }]);
});

test('why of a stuck instance reports a passed timeout, and that a resume cancels the instance', async () => {
  const timed = process('timed', { ...OPTIONS, timeout: '2 hours' }, async (ctx) => (await ctx.call(svc.act, { n: 1 })).n);
  const world = simulate(system('m', { processes: [timed], services: [svc] }), { services: [scripted(svc, HANDLERS)] });
  world.expectStuck(timed, 'x', 'UNKNOWN_OUTCOME');
  await world.client.publish(Start, { id: 'x' });
  await world.advance('1 hour');
  expect((await world.client.describe(timed, 'x')).why).not.toContain('timeout');
  await world.advance('2 hours');
  expect((await world.client.describe(timed, 'x')).why).toMatch(/The timeout of the process passed at .*: a resume cancels the instance$/);
});
