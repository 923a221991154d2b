import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { scripted, simulate, type World } from 'tutti/testing';
import { fits, indexed, parseWhere, type Facts } from '../../lib/client/where.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const HOUR = 3_600_000;

const trip = (over: Partial<Facts> = {}): Facts => ({
  process: 'book-trip',
  id: 'cart-5',
  status: 'running',
  paused: false,
  unresolved: false,
  version: 2,
  tags: { region: 'eu', city: 'New York' },
  started: NOW - 48 * HOUR,
  waitedSince: () => NOW - 4 * HOUR,
  waits: () => ['flights.book', 'trips.confirmed'],
  why: () => 'waits for flights.book: Sold Out',
  causes: () => ['0a1b2c3d', 'POISON'],
  ...over,
});
const matches = (text: string, over?: Partial<Facts>): boolean => fits(parseWhere(text, NOW), trip(over));

describe('a filter of instances', () => {
  test.each([
    ['process:book-trip'],
    ['process=book-trip,other'],
    ['process~TRIP'],
    ['id:cart-5'],
    ['cart'],
    ['"cart-5" process:book-trip'],
    ['status:running'],
    ['status:open -status:closed'],
    ['status:stuck,running'],
    ['version:2'],
    ['version:1,2 version:>1 version:<3'],
    ['tag.region=eu'],
    ['tag.city="New York"'],
    ['tag.region:us,eu -tag.region:us'],
    ['started:>1d started:<3d'],
    ['started:>2026-11-01 started:<2026-11-20T00:00:00Z'],
    ['waited:>3h waited:<"5 hours"'],
    ['waits:flights.book'],
    ['waits:flights'],
    ['waits~CONFIRMED'],
    ['why~"sold out"'],
    ['cause:POISON cause:0a1b2c3d'],
    ['-is:unresolved'],
    ['  process:book-trip   status:open  '],
  ])('that says %s fits', (text) => {
    expect(matches(text)).toBe(true);
  });

  test.each([
    ['process:book'],
    ['-process:book-trip'],
    ['id:cart'],
    ['cart-6'],
    ['status:closed'],
    ['status:paused'],
    ['version:>2'],
    ['tag.region=us'],
    ['tag.none=eu'],
    ['tag.toString~function'],
    ['started:>3d'],
    ['started:>2026-11-20'],
    ['waited:>5h'],
    ['waits:flight'],
    ['why~"sold  out"'],
    ['cause:UNKNOWN_OUTCOME'],
    ['is:unresolved'],
    ['process:book-trip status:stuck'],
  ])('that says %s does not fit', (text) => {
    expect(matches(text)).toBe(false);
  });

  test('finds a paused instance by both its statuses, and no waiting time after the end', () => {
    expect(matches('status:paused status:running', { paused: true })).toBe(true);
    expect(matches('waited:>1s', { status: 'completed', waitedSince: () => undefined })).toBe(false);
  });

  test('reads quoted text with escapes', () => {
    expect(matches(String.raw`why~"says \"no\" \\"`, { why: () => String.raw`it says "no" \ twice` })).toBe(true);
    expect(matches('"a:b"', { id: 'a:b' })).toBe(true);
    expect(matches('tag."two words"=x', { tags: { 'two words': 'x' } })).toBe(true);
  });

  test.each([
    ['', 'is empty: expected terms such as process:book-trip status:stuck'],
    ['   ', 'is empty'],
    ['proces:x', 'has the field "proces": expected one of process, id, status'],
    ['a:b', 'an id with : or = is quoted'],
    ['tag=x', 'has the field "tag": expected one of'],
    ['process.x:y', 'has the field "process.x"'],
    ['status:asleep', 'has the status asleep: expected running, stuck, completed'],
    ['status~run', 'compares "status" with ~: expected status:'],
    ['started:2d', 'compares "started" with :: expected started:> or started:<'],
    ['started:>soon', 'compares started with "soon": expected an age such as 2d, or a date'],
    ['started:>1d,2d', 'compares started with several values'],
    ['waited:>2026-11-01', 'compares waited with "2026-11-01": expected an age such as 3h'],
    ['waited:>5', 'expected an age'],
    ['version:two', 'has the version two: expected a whole number'],
    ['is:late', 'has is:late: expected is:unresolved'],
    ['why~"open', 'cannot be read from'],
    ['process:', 'cannot be read from'],
    ['process:a,,b', 'cannot be read from'],
    ['__proto__:x', 'cannot be read from'],
    ['constructor:x', 'has the field "constructor"'],
    [`why~${'x'.repeat(2_000)}`, 'has 2004 characters: expected at most 2000'],
  ])('that says %j is refused with the reason', (text, message) => {
    const parse = () => parseWhere(text, NOW);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
  });

  test('never throws anything else, and never hangs, on text of any characters', () => {
    const pieces = ['process', ':', '~', '=', ':>', '"', '\\', ',', ' ', '-', 'tag.', 'x', '1d', '#', '\u0000', '\ud800', 'status', '""'];
    let state = 7;
    const next = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    for (let i = 0; i < 5_000; i += 1) {
      const text = Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join('');
      try {
        matches(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 'DATA_INVALID' });
      }
    }
  });

  test('leaves to the index what it serves', () => {
    const of = (text: string) => indexed(parseWhere(text, NOW));
    expect(of('process:a status:open tag.k=v tag.l=w started:>1d is:unresolved')).toEqual({
      process: 'a',
      statuses: ['running', 'stuck'],
      tags: { k: 'v', l: 'w' },
      startedBefore: NOW - 24 * HOUR,
      unresolved: true,
    });
    expect(of('waited:>3h')).toEqual({ statuses: ['running', 'stuck'], startedBefore: NOW - 3 * HOUR });
    expect(of('started:>1d waited:>3h waits~book status:stuck,failed')).toEqual({ statuses: ['stuck'], startedBefore: NOW - 24 * HOUR });
    expect(of('-waits:flights.book waited:<3h')).toEqual({ statuses: ['running', 'stuck'] });
    expect(of('status:paused started:<1d')).toEqual({ paused: true, startedAfter: NOW - 24 * HOUR });
    expect(of('process:a,b -process:c process~d status:paused,stuck tag.k=v,w -status:stuck x')).toEqual({});
  });
});

const Go = event('t.go', z.object({ id: z.string() }));
const seats = service('seats', { book: command({ input: z.object({ id: z.string() }), output: z.object({ seat: z.string() }) }) });
const tour = process('tour', { startOn: Go.byId(({ id }) => id) }, async (ctx, { id }) => ctx.call(seats.book, { id }));
const stay = process('stay', { input: z.object({}) }, async (ctx) => ctx.sleep('1 day'));
const tours = system('t', { processes: [tour, stay], services: [seats] });

async function started(): Promise<World> {
  const world = simulate(tours, { services: [scripted(seats, { book: async () => ({ seat: '1A' }) })] });
  world.down(seats, '10 hours');
  for (const [id, region] of [
    ['a-1', 'eu'],
    ['a-2', 'us'],
  ] as const)
    await world.client.start(tour, { id }, { id, tags: { region } });
  await world.client.start(stay, {}, { id: 's-1' });
  await world.client.start(stay, {}, { id: 's-2' });
  await world.client.terminate(stay, 's-2', 'a test');
  await world.advance('2 hours');
  await world.client.pause(tour, 'a-2', 'a look at it');
  return world;
}

async function ids(world: World, where: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { id } of world.client.list({ where })) found.push(id);
  return found.toSorted();
}

describe('client.list and client.count', () => {
  test('take a filter, and read what an instance waits for and since when', async () => {
    const world = await started();
    expect(await ids(world, 'process:tour tag.region=eu')).toEqual(['a-1']);
    expect(await ids(world, 'waits:seats.book waited:>1h')).toEqual(['a-1', 'a-2']);
    expect(await ids(world, 'waits:seats.book waited:>3h')).toEqual([]);
    expect(await ids(world, 'status:paused')).toEqual(['a-2']);
    expect(await ids(world, 'why~"wakes at"')).toEqual(['s-1']);
    expect(await ids(world, 'waited:>1h')).toEqual(['a-1', 'a-2', 's-1']);
    await expect(ids(world, 'proces:tour')).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });

  test('combine a filter with the other options', async () => {
    const world = await started();
    const found: string[] = [];
    for await (const { id } of world.client.list({ process: tour, tag: { region: 'us' }, where: 'status:open process:stay,tour' }))
      found.push(id);
    expect(found).toEqual(['a-2']);
  });

  test('count by process and status', async () => {
    const world = await started();
    expect(await world.client.count()).toEqual([
      { process: 'stay', status: 'running', count: 1 },
      { process: 'stay', status: 'terminated', count: 1 },
      { process: 'tour', status: 'paused', count: 1 },
      { process: 'tour', status: 'running', count: 1 },
    ]);
    expect(await world.client.count({ where: 'process:stay status:closed' })).toEqual([
      { process: 'stay', status: 'terminated', count: 1 },
    ]);
  });
});
