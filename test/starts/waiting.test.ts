import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from '../../lib/index.ts';
import { serve } from '../../lib/service/index.ts';
import { everyCrash, simulate, type World } from '../../lib/testing/index.ts';

const Wanted = event('print.wanted', z.object({ printer: z.string(), page: z.string() }));
const Go = event('print.go', z.object({ printer: z.string() }));

const eject = command({ input: z.object({ page: z.string() }) });
const printers = service('printers', {
  eject,
  load: command({
    input: z.object({ page: z.string() }),
    output: z.object({ page: z.string() }),
    undo: { command: eject, input: (_input, { page }) => ({ page }) },
  }),
});

/** The work of the printers, in order. */
let log: string[] = [];
const handler = serve(printers, {
  load: async ({ page }) => {
    if (!log.includes(`load ${page.slice(0, 20)}`)) log.push(`load ${page.slice(0, 20)}`);
    return { page };
  },
  eject: async ({ page }) => {
    if (!log.includes(`eject ${page}`)) log.push(`eject ${page}`);
  },
});

const queued = process(
  'queued',
  { startOn: Wanted.byId(({ printer }) => printer), receives: [Go.byId(({ printer }) => printer)], onOpen: 'queue' },
  async (ctx, { page }) => {
    await ctx.call(printers.load, { page });
    await ctx.waitFor(Go);
    return page.slice(0, 20);
  },
);
const replaced = process(
  'replaced',
  { input: z.object({ page: z.string() }), receives: [Go.byId(({ printer }) => printer)], onOpen: 'replace' },
  async (ctx, { page }) => {
    await ctx.call(printers.load, { page });
    await ctx.waitFor(Go);
    return page;
  },
);
const shop = system('print', { processes: [queued, replaced], services: [printers] });

const surviving = (story: (world: World) => Promise<void>): Promise<void> =>
  everyCrash(shop, { services: [handler] }, async (each) => {
    log = [];
    await story(each);
  });

const startOf = (each: World, page: string): Promise<void> => each.client.publish(Wanted, { printer: 'p', page });

describe('a start with onOpen: queue', () => {
  test('waits for the end of the run before it, and begins once, in order', () =>
    surviving(async (each) => {
      const long = `two ${'x'.repeat(2_000)}`;
      for (const page of ['one', long, 'three']) await startOf(each, page);
      await each.settle();
      expect(log).toEqual(['load one']);
      await each.client.publish(Go, { printer: 'p' });
      await each.settle();
      expect(log).toEqual(['load one', `load ${long.slice(0, 20)}`]);
      await each.client.publish(Go, { printer: 'p' });
      await each.settle();
      await each.client.publish(Go, { printer: 'p' });
      expect(await each.client.result(queued, 'p')).toBe('three');
      expect(log).toEqual(['load one', `load ${long.slice(0, 20)}`, 'load three']);
    }));

  test('gets its place, and describe and why of the instance show it', async () => {
    const each = simulate(shop, { services: [handler] });
    await each.client.start(queued, { printer: 'p', page: 'one' });
    const second = await each.client.start(queued, { printer: 'p', page: 'two' });
    expect(second).toMatchObject({ id: 'p', started: false, position: 1 });
    expect(await each.client.start(queued, { printer: 'p', page: 'three' })).toMatchObject({ position: 2 });
    await each.settle();
    const described = await each.client.describe(queued, 'p');
    expect(described.waiting).toMatchObject([{ run: second.run, position: 1 }, { position: 2 }]);
    expect(described.why).toContain('2 starts wait for its end');
    await each.client.cancel(queued, 'p', 'no longer needed');
    await each.settle();
    expect((await each.client.describe(queued, 'p')).run).toBe(second.run);
  });

  test('begins after a terminate, and after a failure of its printer', () =>
    surviving(async (each) => {
      for (const page of ['one', 'two']) await startOf(each, page);
      await each.settle();
      await each.client.terminate(queued, 'p', 'jammed');
      await each.settle();
      expect(log).toEqual(['load one', 'load two']);
    }));

  test('is rejected, journaled and published if 100 wait', async () => {
    const each = simulate(shop, { services: [handler] });
    for (let page = 0; page <= 100; page += 1) await each.client.start(queued, { printer: 'p', page: `${page}` });
    await expect(each.client.start(queued, { printer: 'p', page: 'more' })).rejects.toMatchObject({ code: 'ALREADY_OPEN' });
    expect((await each.client.describe(queued, 'p')).waiting).toHaveLength(100);
  });
});

describe('a start with onOpen: replace', () => {
  test('cancels the open run, which undoes its steps, and takes the place of what waited', () =>
    surviving(async (each) => {
      await each.client.start(replaced, { page: 'one' }, { id: 'p' });
      await each.settle();
      for (const page of ['two', 'three']) await each.client.start(replaced, { page }, { id: 'p' });
      await each.settle();
      expect(log.slice(0, 2)).toEqual(['load one', 'eject one']);
      expect((await each.client.describe(replaced, 'p')).status).toBe('running');
      await each.client.publish(Go, { printer: 'p' });
      expect(await each.client.result(replaced, 'p')).toBe('three');
    }));
});
