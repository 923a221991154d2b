import { describe, expect, test } from 'vitest';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { Marks, PortHealth } from '../../lib/engine/advance/suspects.ts';

describe('marks', () => {
  const throttled = new TypeError('throttled');
  const failing = () => {
    const store = new MemoryParkingStore();
    const state = { fails: false };
    const attempt: MemoryParkingStore['attempt'] = (mark, change) =>
      state.fails ? Promise.reject(throttled) : store.attempt(mark, change);
    return { state, marks: new Marks({ attempt }) };
  };

  test('a mark that could not be taken back is taken back with the next one', async () => {
    const { state, marks } = failing();
    for (let delivery = 1; delivery <= 5; delivery += 1) {
      expect(await marks.begin('m')).toBe(1);
      state.fails = true;
      expect(await marks.end('m')).toBe(throttled);
      state.fails = false;
    }
    expect(await marks.begin('another')).toBe(1);
    expect(await marks.begin('m')).toBe(1);
  });

  test('a mark that still cannot be taken back is owed, and nothing begins', async () => {
    const { state, marks } = failing();
    for (const mark of ['a', 'b']) await marks.begin(mark);
    state.fails = true;
    for (const mark of ['a', 'b']) await marks.end(mark);
    await expect(marks.begin('c')).rejects.toBe(throttled);
    state.fails = false;
    expect(await marks.begin('c')).toBe(1);
    expect([await marks.begin('a'), await marks.begin('b')]).toEqual([1, 1]);
  });

  test('the marks of a worker that has ended stay', async () => {
    const store = new MemoryParkingStore();
    await new Marks(store).begin('m');
    expect(await new Marks(store).begin('m')).toBe(2);
  });
});

describe('the health of the ports', () => {
  test('three faults in a row are an outage, for as long as its messages come back', () => {
    const health = new PortHealth();
    for (const at of [1, 2]) health.failed(at);
    expect(health.wasDown(2)).toBe(false);
    health.failed(3);
    expect(health.wasDown(3)).toBe(true);
    health.worked();
    expect([health.wasDown(900_002), health.wasDown(900_003)]).toEqual([true, false]);
  });

  test('faults between batches that met none are no outage', () => {
    const health = new PortHealth();
    for (let at = 1; at < 10; at += 1) {
      health.failed(at);
      health.worked();
    }
    expect(health.wasDown(10)).toBe(false);
  });
});
