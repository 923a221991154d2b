import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Checkout, notes, services, tripOf } from '../core/trip-contracts.ts';
import { RejectionWatch, turnOver } from '../../lib/engine/advance/suspects.ts';
import { EngineRig } from './engine-rig.ts';

// The test runner listens too, and would count what is rejected here on purpose as a failure of the run.
let others: NodeJS.UnhandledRejectionListener[] = [];
beforeEach(() => {
  others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
});
afterEach(() => {
  for (const other of others) process.on('unhandledRejection', other);
});

const careless = tripOf(async (ctx, { note }) => {
  const leave = async (): Promise<void> => {
    await ctx.call(notes.ask, { text: 'ok?' });
    throw new TypeError('nothing handles this');
  };
  if (note === 'careless') void leave();
  else await ctx.call(notes.ask, { text: 'ok?' });
  await ctx.sleep('1 day');
});

const pidOf = (id: string): string => `default#trip#${id}`;

describe('a rejection that the code of a process leaves unhandled', () => {
  test('makes that instance stuck, and no other of the batch', async () => {
    const rig = new EngineRig([careless], services, { checks: true });
    for (const id of ['a', 'b', 'c']) rig.happens(Checkout, { id, ...(id === 'b' && { note: 'careless' }) });
    await rig.advance();
    const commands = await rig.commands('notes');
    expect(commands).toHaveLength(3);
    for (const command of commands) await rig.answers(command, 'completed', { answer: 'yes' });
    await rig.advance();
    const heads = await Promise.all(['a', 'b', 'c'].map((id) => rig.head(pidOf(id))));
    expect(heads.map((head) => head?.status)).toEqual(['running', 'stuck', 'running']);
    expect(heads[1]?.why).toContain('A promise of the process was rejected, and nothing handles it: TypeError: nothing handles this.');
    expect(heads[0]?.tail.at(-1)).toContain('TimerSet');
    expect(await rig.parking.parked(pidOf('b'))).toHaveLength(1);
    expect(process.listenerCount('unhandledRejection')).toBe(0);
  });

  test('is tried again first in production, as any poison is', async () => {
    const rig = new EngineRig([careless], services);
    rig.happens(Checkout, { id: 'b', note: 'careless' });
    await rig.advance();
    const [command] = await rig.commands('notes');
    if (command) await rig.answers(command, 'completed', { answer: 'yes' });
    await rig.advance();
    expect((await rig.head(pidOf('b')))?.status).toBe('running');
    for (let delivery = 2; delivery <= 3; delivery += 1) {
      rig.clock.advance(10_000);
      await rig.advance();
    }
    expect((await rig.head(pidOf('b')))?.status).toBe('stuck');
  });
});

describe('the watch', () => {
  const thrown = async (act: (watch: RejectionWatch) => Promise<void>): Promise<unknown[]> => {
    const errors: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const note = (error: unknown): void => void errors.push(error);
    process.on('uncaughtException', note);
    await act(new RejectionWatch());
    await turnOver();
    await turnOver();
    process.off('uncaughtException', note);
    for (const listener of listeners) process.on('uncaughtException', listener);
    return errors;
  };
  const reject = async (): Promise<void> => {
    void Promise.reject(new RangeError('foreign'));
    await turnOver();
  };

  test('throws what no instance is guilty of, as Node would', async () => {
    const errors = await thrown(async (watch) => {
      watch.begin();
      await reject();
      watch.end();
    });
    expect(errors).toEqual([new RangeError('foreign')]);
  });

  test('ends with the last watching engine, and does not throw a rejection that was attributed', async () => {
    const errors = await thrown(async (watch) => {
      watch.begin();
      watch.begin();
      await reject();
      watch.end();
      expect(watch.count).toBe(1);
      expect(process.listenerCount('unhandledRejection')).toBe(1);
      expect(watch.attribute()).toEqual(new RangeError('foreign'));
      watch.end();
      expect(process.listenerCount('unhandledRejection')).toBe(0);
    });
    expect(errors).toEqual([]);
  });
});
