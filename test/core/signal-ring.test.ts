import { describe, expect, test } from 'vitest';
import { newImage, SIGNALS_MAX, type Image } from '../../lib/core/image.ts';
import { mayBeForgotten, rememberSignal } from '../../lib/core/signal-ring.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const FAR = Date.parse('9999-12-31T23:59:59.999Z');
const MINUTE = 60_000;

const imageAt = (clock: number): Image => newImage('default#trip#a', 'r', 'trip@1', clock);

/** A list of `count` events, a second apart. The number of the first is `from`. */
const events = (image: Image, from: number, count: number): void => {
  for (let i = from; i < from + count; i += 1) rememberSignal(image, { id: `e${i}`, time: NOW + i * 1_000 }, NOW + i * 1_000);
};
const postdated = (image: Image, count: number, at: number): void => {
  for (let i = 0; i < count; i += 1) rememberSignal(image, { id: `far${i}`, time: FAR - i }, at);
};

describe('the ring of events', () => {
  test('has no floor before an event has left it', () => {
    const image = imageAt(NOW);
    events(image, 0, SIGNALS_MAX);
    expect([image.signals.length, image.signalsFloor, mayBeForgotten(image, FAR, NOW)]).toEqual([SIGNALS_MAX, undefined, false]);
  });

  test('has the time of the latest event that has left it as its floor', () => {
    const image = imageAt(NOW);
    events(image, 0, SIGNALS_MAX + 2);
    expect(image.signals).toHaveLength(SIGNALS_MAX);
    expect(image.signalsFloor).toBe(NOW + 1_000);
    const at = NOW + 100_000;
    expect([mayBeForgotten(image, NOW + 1_000, at), mayBeForgotten(image, NOW + 1_001, at)]).toEqual([true, false]);
  });

  test('does not treat an event after a long pause as postdated', () => {
    const image = imageAt(NOW - 100 * MINUTE);
    events(image, 0, SIGNALS_MAX + 1);
    expect(image.signalsFloor).toBe(NOW);
  });

  test('keeps its floor although seventy events are dated to the year 9999, and looks these up each time', () => {
    const image = imageAt(NOW);
    events(image, 0, 100);
    const floor = image.signalsFloor!;
    const at = NOW + 100_000;
    postdated(image, 70, at);
    events(image, 100, 70);
    expect(image.signals).toHaveLength(SIGNALS_MAX);
    expect(image.signalsFloor).toBeGreaterThan(floor);
    expect(image.signalsFloor).toBeLessThan(NOW + 170_000);
    expect(mayBeForgotten(image, NOW + 170_000, NOW + 170_000)).toBe(false);
    expect(mayBeForgotten(image, FAR, NOW + 170_000)).toBe(true);
  });

  test('keeps a postdated event until its time, so that it is a duplicate then', () => {
    const image = imageAt(NOW);
    rememberSignal(image, { id: 'ahead', time: NOW + 60 * MINUTE }, NOW);
    events(image, 0, 200);
    expect(image.signals.map(({ id }) => id)).toContain('ahead');
    for (let i = 0; i < 65; i += 1) rememberSignal(image, { id: `late${i}`, time: NOW + 61 * MINUTE + i }, NOW + 61 * MINUTE + i);
    expect(image.signals.map(({ id }) => id)).not.toContain('ahead');
    expect(mayBeForgotten(image, NOW + 60 * MINUTE, NOW + 62 * MINUTE)).toBe(true);
  });

  test('drops the latest of too many postdated events, and has a floor from then on', () => {
    const image = imageAt(NOW);
    postdated(image, SIGNALS_MAX, NOW);
    expect(image.signalsFloor).toBeUndefined();
    rememberSignal(image, { id: 'now', time: NOW }, NOW);
    expect(image.signals.map(({ id }) => id)).not.toContain('far0');
    expect(image.signals.map(({ id }) => id)).toContain('now');
    expect([image.signalsFloor, mayBeForgotten(image, FAR, NOW), mayBeForgotten(image, NOW, NOW)]).toEqual([0, true, false]);
  });

  test('drops the latest even if it came last', () => {
    const image = imageAt(NOW);
    for (let i = 0; i <= SIGNALS_MAX; i += 1) rememberSignal(image, { id: `ahead${i}`, time: NOW + 60 * MINUTE + i }, NOW);
    expect(image.signals.map(({ id }) => id)).not.toContain(`ahead${SIGNALS_MAX}`);
    expect(image.signals).toHaveLength(SIGNALS_MAX);
  });
});
