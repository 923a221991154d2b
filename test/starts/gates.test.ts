import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from '../../lib/index.ts';
import { serve } from '../../lib/service/index.ts';
import { everyCrash, simulate, type World } from '../../lib/testing/index.ts';

const Uploaded = event('media.uploaded', z.object({ file: z.string(), owner: z.string() }));
const Finish = event('media.finish', z.object({ file: z.string() }));

const encoders = service('encoders', {
  encode: command({ input: z.object({ file: z.string() }), output: z.object({ file: z.string() }) }),
});

let running = new Set<string>();
let most = 0;
let log: string[] = [];

const handler = serve(encoders, {
  encode: async ({ file }) => {
    if (!log.includes(file)) log.push(file);
    running.add(file);
    most = Math.max(most, running.size);
    return { file };
  },
});

const byFile = Uploaded.byId(({ file }) => file);
const limited = process(
  'limited',
  {
    startOn: byFile,
    receives: [Finish.byId(({ file }) => file)],
    start: { concurrency: { key: (upload: { readonly owner: string }) => upload.owner, most: 2 } },
  },
  async (ctx, { file }) => {
    await ctx.call(encoders.encode, { file });
    const finished = await ctx.waitFor(Finish);
    running.delete(finished.file);
    return file;
  },
);
const media = system('media', { processes: [limited], services: [encoders] });

const files = ['a', 'b', 'c', 'd'];
const upload = async (world: World): Promise<void> => {
  running = new Set();
  most = 0;
  log = [];
  for (const file of files) await world.client.publish(Uploaded, { file, owner: 'ann' });
  await world.settle();
};
const surviving = (story: (world: World) => Promise<void>): Promise<void> => everyCrash(media, { services: [handler] }, story);

describe('a process with start: { concurrency }', () => {
  test('runs at most so many instances of one key at once, and each start once, in order', () =>
    surviving(async (world) => {
      await upload(world);
      expect([...running]).toHaveLength(2);
      for (const file of files) {
        await world.client.publish(Finish, { file });
        await world.settle();
      }
      for (const file of files) expect(await world.client.result(limited, file)).toBe(file);
      expect(most).toBe(2);
      expect(log).toHaveLength(4);
    }));

  test('starts of another key do not wait', async () => {
    const world = simulate(media, { services: [handler] });
    await upload(world);
    await world.client.publish(Uploaded, { file: 'e', owner: 'bob' });
    await world.settle();
    expect((await world.client.describe(limited, 'e')).status).toBe('running');
  });

  test('a client gets the place of its start, list and why show the gate', async () => {
    const world = simulate(media, { services: [handler] });
    await upload(world);
    expect(await world.client.start(limited, { file: 'f', owner: 'ann' })).toEqual({ id: 'f', run: '', started: false, position: 3 });
    const began = await world.client.start(limited, { file: 'g', owner: 'carl' });
    expect(began).toMatchObject({ id: 'g', started: true });
    await world.settle();
    const described = await world.client.describe(limited, 'g');
    expect(described.run).toBe(began.run);
    expect(described.parent).toBeUndefined();
    await expect(world.client.describe(limited, 'f')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('limited f has not begun: its start waits for one of the 2 slots, of which 2 are taken,'),
      details: { position: 3 },
    });
    await expect(world.client.describe(limited, 'none')).rejects.toThrow('expected an instance that has been started');
    const listed = [];
    for await (const each of world.client.list()) listed.push(each);
    const [gate] = listed.filter(({ process: name }) => name === 'tutti--gate');
    expect(gate?.why).toContain('2 of 2 slots of limited with the key "ann" are taken; 3 starts wait');
    expect(listed.filter(({ process: name }) => name === 'tutti--gate')).toHaveLength(1);
  });

  test('an id that is taken is rejected, and its slot is free again', async () => {
    const world = simulate(media, { services: [handler] });
    await world.client.publish(Uploaded, { file: 'a', owner: 'ann' });
    await world.settle();
    await expect(world.client.start(limited, { file: 'a', owner: 'bob' })).rejects.toMatchObject({ code: 'ALREADY_OPEN' });
    for (let i = 0; i < 3; i += 1) await world.client.publish(Uploaded, { file: 'a', owner: 'bob' });
    await world.client.publish(Uploaded, { file: 'b', owner: 'bob' });
    await world.settle();
    expect((await world.client.describe(limited, 'b')).status).toBe('running');
  });
});

let lists: string[][] = [];
const Edited = event('docs.edited', z.object({ doc: z.string(), word: z.string() }));
const collecting = (start: object) =>
  process(
    'index-doc',
    {
      startOn: Edited.byId(({ doc }) => doc),
      start: start as { debounce: { key: (edit: { doc: string }) => string; quiet: '10 seconds' } },
    },
    async (ctx, edits) => {
      const words = edits.map(({ word }) => word);
      await ctx.sleep('1 second');
      // The test kit decides each event twice.
      if (!lists.some((each) => each.join() === words.join())) lists.push(words);
      return words;
    },
  );
const key = ({ doc }: { readonly doc: string }): string => doc;
const told = (start: object): World => {
  lists = [];
  return simulate(system('docs', { processes: [collecting(start)], services: [] }));
};
const edit = (world: World, word: string, doc = 'd'): Promise<void> => world.client.publish(Edited, { doc, word });

describe('a process with start: { debounce }', () => {
  test('begins one instance with all starts of a window, when none has come for a while', async () => {
    const world = told({ debounce: { key, quiet: '10 seconds' } });
    for (const word of ['a', 'b', 'c']) {
      await edit(world, word);
      await world.advance('9 seconds');
    }
    expect(lists).toEqual([]);
    await world.advance('3 seconds');
    expect(lists).toEqual([['a', 'b', 'c']]);
    await edit(world, 'd');
    await world.advance('1 minute');
    expect(lists).toEqual([['a', 'b', 'c'], ['d']]);
  });

  test('begins at the end of atMost, also while starts go on coming', async () => {
    const world = told({ debounce: { key, quiet: '10 seconds', atMost: '20 seconds' } });
    for (const word of ['a', 'b', 'c', 'd']) {
      await edit(world, word);
      await world.advance('8 seconds');
    }
    expect(lists[0]).toEqual(['a', 'b', 'c']);
  });
});

describe('a process with start: { batch }', () => {
  test('begins when the window is full, or at its end', async () => {
    const world = told({ batch: { key, size: 2, within: '1 minute' } });
    for (const word of ['a', 'b', 'c']) await edit(world, word);
    await edit(world, 'x', 'other');
    await world.advance('5 seconds');
    expect(lists).toEqual([['a', 'b']]);
    await world.advance('2 minutes');
    expect(lists.map((words) => words.join('')).toSorted()).toEqual(['ab', 'c', 'x']);
  });

  test('survives each crash without a lost or doubled start', () =>
    everyCrash(
      system('docs', { processes: [collecting({ batch: { key, size: 2, within: '1 minute' } })], services: [] }),
      {},
      async (world) => {
        lists = [];
        for (const word of ['a', 'b', 'c']) await edit(world, `${word}${'x'.repeat(word === 'b' ? 2_000 : 0)}`);
        await world.advance('2 minutes');
        const seen = [...new Set(lists.map((words) => words.map((word) => word[0]).join('')))];
        expect(seen.toSorted().join(' ')).toMatch(/^(ab c|a bc|ac b|ba c|b ac|bc a|ca b|c ab|cb a)$/);
      },
    ));
});

test.each([
  [{ concurrency: { most: 0 } }, 'most 0'],
  [{ concurrency: { most: 91 } }, 'most 91'],
  [{ batch: { size: 101, within: '1 minute' } }, 'size 101'],
  [{ debounce: { quiet: '1 minute', atMost: '1 second' } }, 'atMost'],
  [{}, '0 limits'],
  [{ concurrency: { most: 1 }, batch: { size: 1, within: '1 minute' } }, '2 limits'],
] as const)('the limits %j are refused', (start, text) => {
  expect(() => process('p', { start: start as never }, async () => {})).toThrow(text);
});

test('limits need onOpen: reject, because starts wait in a gate', () => {
  expect(() => process('p', { start: { concurrency: { most: 1 } }, onOpen: 'queue' }, async () => {})).toThrow("expected onOpen: 'reject'");
});
