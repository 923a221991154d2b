import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { beatEveryMs, watch, type Hang } from '../../lib/local/watchdog.ts';

const ALLOWED_MS = 2000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const watched = (pending: number) => {
  const hung = vi.fn<(why: Hang) => void>();
  let beats = 0;
  let running = 0;
  watch({ allowedMs: ALLOWED_MS, beats: () => beats, pending: () => pending, activation: () => running, hung });
  return { hung, beat: () => void (beats += 1), run: (activation: number) => void (running = activation) };
};

test('work without a beat for the time allowed is reported once', () => {
  const { hung } = watched(1);
  vi.advanceTimersByTime(ALLOWED_MS);
  expect(hung).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10 * ALLOWED_MS);
  expect(hung).toHaveBeenCalledOnce();
  expect(hung).toHaveBeenCalledWith('silent');
});

test('one activation that runs for longer than allowed is reported once, although it beats', () => {
  const { hung, beat, run } = watched(1);
  const timer = setInterval(beat, beatEveryMs(ALLOWED_MS));
  run(7);
  vi.advanceTimersByTime(ALLOWED_MS);
  expect(hung).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10 * ALLOWED_MS);
  clearInterval(timer);
  expect(hung).toHaveBeenCalledOnce();
  expect(hung).toHaveBeenCalledWith('goes on');
});

test('activations that follow each other may run for as long as there are any', () => {
  const { hung, beat, run } = watched(1);
  const timer = setInterval(beat, beatEveryMs(ALLOWED_MS));
  for (let activation = 1; activation < 100; activation += 1) {
    run(activation);
    vi.advanceTimersByTime(ALLOWED_MS / 2);
  }
  clearInterval(timer);
  expect(hung).not.toHaveBeenCalled();
});

test('a thread that beats may work without end', () => {
  const { hung, beat } = watched(1);
  const timer = setInterval(beat, beatEveryMs(ALLOWED_MS));
  vi.advanceTimersByTime(100 * ALLOWED_MS);
  clearInterval(timer);
  expect(hung).not.toHaveBeenCalled();
});

test('a thread without work may be silent without end', () => {
  const { hung } = watched(0);
  vi.advanceTimersByTime(100 * ALLOWED_MS);
  expect(hung).not.toHaveBeenCalled();
});
