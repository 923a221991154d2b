import * as z from 'zod';
import { command, event, process, service, system, type AnyProcess, type AnyService, type System } from 'tutti';
import { scripted, simulate } from 'tutti/testing';
import { describe, expect, test } from 'vitest';

const Started = event('builds.started', z.object({ id: z.string() }));
const More = event('builds.more', z.object({ id: z.string() }));
const told = command({ input: z.object({ by: z.string() }) });
const teller = service('teller', { tell: told });
const recorder = service('recorder', { record: command({ input: z.object({ by: z.string() }) }) });
const telling = scripted(teller, { tell: async () => {} });

const options = { startOn: Started.byId((start) => start.id), receives: [More.byId((more) => more.id)] };
const systemOf = (processes: readonly AnyProcess[], services: readonly AnyService[] = [teller]): System<'builds'> =>
  system('builds', { processes, services });

/** A process that reports its build each day, without an end. */
const daily = (by: string, version = 1, first = 'sleep') =>
  process('daily', { ...options, version }, async (ctx) => {
    if (first === 'wait') await ctx.waitFor(More);
    for (;;) {
      await ctx.sleep('1 day');
      await ctx.call(teller.tell, { by });
    }
  });

describe('after a deploy of another build', () => {
  test('a run continues if the new build decides the same', async () => {
    const world = simulate(systemOf([daily('one')]), { services: [telling] });
    await world.client.publish(Started, { id: 'x' });
    await world.advance('12 hours');
    world.deploy(systemOf([daily('two')]));
    await world.advance('1 day');
    expect(world.calls(teller.tell)).toEqual([{ by: 'two' }]);
  });

  test('a run whose code decides differently gets stuck with the difference, and continues when its own build is back', async () => {
    const [one, changed] = [daily('one'), daily('one', 1, 'wait')];
    const world = simulate(systemOf([one]), { services: [telling] });
    await world.client.publish(Started, { id: 'x' });
    await world.advance('12 hours');
    world.deploy(systemOf([changed]));
    await expect(world.advance('1 day')).rejects.toMatchObject({
      code: 'NONDETERMINISM',
      message: expect.stringContaining('the journal holds TimerSet sleep:1, which the code no longer decides'),
    });
    expect(world.calls(teller.tell)).toEqual([]);
    world.deploy(systemOf([one]));
    await world.client.resume(one, 'x');
    await world.advance('1 day');
    expect(world.calls(teller.tell)).toEqual([{ by: 'one' }, { by: 'one' }]);
  });

  test('a run stays on its version while the version is listed, and new runs take the newest version', async () => {
    const [one, two] = [daily('one'), daily('two', 2)];
    const world = simulate(systemOf([one]), { services: [telling] });
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    world.deploy(systemOf([one, two]));
    await world.client.publish(Started, { id: 'y' });
    await world.advance('1 day');
    expect(
      world
        .calls(teller.tell)
        .map(({ by }) => by)
        .toSorted(),
    ).toEqual(['one', 'two']);
  });

  test('a run whose version is no longer listed gets stuck, and can move to a version that replays its journal', async () => {
    const [one, two] = [daily('one'), daily('two', 2)];
    const world = simulate(systemOf([one]), { services: [telling] });
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    world.deploy(systemOf([two]));
    await expect(world.advance('2 days')).rejects.toMatchObject({ code: 'UNKNOWN_VERSION' });
    await world.client.resume(two, 'x', { version: 2 });
    await world.settle();
    expect(world.calls(teller.tell)).toEqual([{ by: 'two' }]);
  });

  test('the build may add a service and an event, and replace the handlers of a service that stays', async () => {
    const recording = process('daily', options, async (ctx) => {
      await ctx.sleep('1 day');
      await ctx.call(teller.tell, { by: 'recorder' });
      await ctx.call(recorder.record, { by: 'recorder' });
    });
    const world = simulate(systemOf([daily('one')]), { services: [scripted(teller, {})] });
    await world.client.publish(Started, { id: 'x' });
    await world.settle();
    world.deploy(systemOf([recording], [teller, recorder]), { services: [telling, scripted(recorder, { record: async () => {} })] });
    await world.advance('1 day');
    expect(world.calls(recorder.record)).toEqual([{ by: 'recorder' }]);
    expect((await world.client.describe(recording, 'x')).status).toBe('completed');
  });

  test('a deploy of another system, and a deploy while the world moves, are refused', async () => {
    const world = simulate(systemOf([daily('one')]), { services: [telling] });
    expect(() => world.deploy(system('others', { processes: [], services: [] }))).toThrow('expected a build of builds');
    const moving = world.client.publish(Started, { id: 'x' }).then(() => world.settle());
    await new Promise((resolve) => setImmediate(resolve));
    await moving;
    world.deploy(systemOf([daily('one')]));
    expect((await world.client.describe(daily('one'), 'x')).status).toBe('running');
  });
});
