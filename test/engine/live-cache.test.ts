import { expect, test } from 'vitest';
import { LiveCache, type LiveInstance } from '../../lib/engine/advance/live-instance.ts';

/** The members of an instance that the cache reads. */
const live = (pid: string, largeCharacters = 0, position = 10): LiveInstance =>
  ({ run: { image: { pid, version: 1 }, position }, largeCharacters, weight: 0 }) as unknown as LiveInstance;

const warm = (cache: LiveCache, pids: string): string => [...pids].filter((pid) => cache.take(pid) !== undefined).join('');

test('the instances that were used longest ago are dropped beyond the number', () => {
  const cache = new LiveCache(3, 0);
  for (const pid of 'abc') cache.put(live(pid));
  cache.put(cache.take('a') as LiveInstance);
  cache.put(live('d'));
  expect(warm(cache, 'abcd')).toBe('acd');
});

test('instances with large values, or with long journals, are dropped earlier', () => {
  const cache = new LiveCache(100, 0);
  for (const pid of 'abcdef') cache.put(live(pid, 12_000_000));
  expect(warm(cache, 'abcdef')).toBe('cdef');
  for (const pid of 'abcdef') cache.put(live(pid, 0, 60_000));
  expect(warm(cache, 'abcdef')).toBe('cdef');
});

test('an instance that is put again, taken or cleared does not count twice', () => {
  const cache = new LiveCache(100, 0);
  for (let n = 0; n < 20; n += 1) cache.put(live('a', 20_000_000));
  for (let n = 0; n < 20; n += 1) cache.put(cache.take('a') as LiveInstance);
  cache.put(live('b', 20_000_000));
  cache.clear();
  for (const pid of 'cd') cache.put(live(pid, 20_000_000));
  expect(warm(cache, 'abcd')).toBe('cd');
});
