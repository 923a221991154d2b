import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { beatEveryMs, watch } from '../../lib/local/watchdog.ts';

const ALLOWED_MS = 2000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const watched = (pending: number): { readonly hung: ReturnType<typeof vi.fn<() => void>>; readonly beat: () => void } => {
  const hung = vi.fn<() => void>();
  const beats = new Int32Array(1);
  watch({ allowedMs: ALLOWED_MS, beats, pending: () => pending, hung });
  return { hung, beat: () => void Atomics.add(beats, 0, 1) };
};

test('work without a beat for the time allowed is told of once', () => {
  const { hung } = watched(1);
  vi.advanceTimersByTime(ALLOWED_MS);
  expect(hung).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10 * ALLOWED_MS);
  expect(hung).toHaveBeenCalledOnce();
});

test('who beats may work for ever', () => {
  const { hung, beat } = watched(1);
  const timer = setInterval(beat, beatEveryMs(ALLOWED_MS));
  vi.advanceTimersByTime(100 * ALLOWED_MS);
  clearInterval(timer);
  expect(hung).not.toHaveBeenCalled();
});

test('who has no work may be silent for ever', () => {
  const { hung } = watched(0);
  vi.advanceTimersByTime(100 * ALLOWED_MS);
  expect(hung).not.toHaveBeenCalled();
});
