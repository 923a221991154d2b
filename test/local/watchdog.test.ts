import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startLocal } from '../../lib/local/start-local.ts';
import { pidOf, startJobs, testFolder, type RunningJobs } from './running-jobs.ts';
import { cook, CrewWanted, JobWanted, jobs, LoopWanted, medic, pilot, runJob } from './watched-system.ts';

/** Four threads are lost until the cause is known, and each new one imports all of its modules again. */
const TIMEOUT = { timeout: 120_000 };

const want = async (
  { client }: RunningJobs,
  fate: 'fine' | 'spins' | 'spins-after-sleep' | 'spins-until-flag' | 'exits' | 'exits-once',
  id: string,
  flag = '',
): Promise<void> => client.publish(JobWanted, { id, fate, flag });

const done = ({ client }: RunningJobs, id: string): Promise<unknown> => client.result(runJob, id);

/** The spinner gets stuck with its event beside it; the crew that its event started too completes. */
const othersComplete = async ({ runtime, client, until }: RunningJobs): Promise<void> => {
  expect((await until('c', 'stuck', 'spinner')).why).toContain('"code":"POISON"');
  for (const member of [cook, pilot, medic]) expect(await client.result(member, 'c')).toEqual({ done: 'c' });
  const parked = (process: string): Promise<readonly unknown[]> => runtime.state.parkingStore.parked(pidOf('c', process));
  expect(await Promise.all(['spinner', 'cook', 'pilot', 'medic'].map(parked))).toMatchObject([[{}], [], [], []]);
};

describe('a thread that is lost', TIMEOUT, () => {
  test('a process that never yields gets stuck with its event beside it, and everything else goes on', async () => {
    const running = await startJobs();
    await want(running, 'fine', 'first');
    await want(running, 'spins', 'bad');
    await want(running, 'fine', 'second');
    const stuck = await running.until('bad', 'stuck');
    expect(stuck.why).toContain('"code":"POISON"');
    expect(await Promise.all([done(running, 'first'), done(running, 'second')])).toEqual([{ done: 'first' }, { done: 'second' }]);
    await want(running, 'fine', 'third');
    expect(await done(running, 'third')).toEqual({ done: 'third' });
    const [event] = await running.runtime.state.parkingStore.parked(pidOf('bad'));
    expect(event?.detail).toContain('ended its worker 3 times');
    expect(event?.body).toContain('"id":"bad"');
    expect(running.faults.length).toBeGreaterThanOrEqual(4);
    expect(running.faults[0]).toContain('did not yield for 400 ms');
    expect(running.stuck).toEqual([expect.stringContaining('run-job bad is stuck (POISON)')]);
    await running.runtime.stop();
  });

  test('of the processes that one event started only the one that never yields gets stuck, and each lost thread names it', async () => {
    const running = await startJobs();
    await running.client.publish(CrewWanted, { id: 'c', spins: 'at-once' });
    await othersComplete(running);
    const named = 'it did not yield for 400 ms while the instance c of the process spinner ran';
    expect(running.faults.map((fault) => fault.includes(named))).toEqual([true, true, true, true]);
    await running.runtime.stop();
  });

  test('a process that never yields while others have begun is named as soon as it runs alone', async () => {
    const running = await startJobs();
    await running.client.publish(CrewWanted, { id: 'c', spins: 'in-a-microtask' });
    await othersComplete(running);
    expect(running.faults.map((fault) => fault.includes('while the instance c of the process spinner ran')).slice(-3)).toEqual([
      true,
      true,
      true,
    ]);
    expect(running.faults.join()).not.toMatch(/cook|pilot|medic/);
    await running.runtime.stop();
  });

  test('a process that yields and never waits gets stuck, and each lost thread names it', async () => {
    const running = await startJobs();
    await running.client.publish(LoopWanted, { id: 'l' });
    expect((await running.until('l', 'stuck', 'looper')).why).toContain('"code":"POISON"');
    await want(running, 'fine', 'good');
    expect(await done(running, 'good')).toEqual({ done: 'good' });
    const named = 'one event ran for more than 400 ms while the instance l of the process looper ran';
    expect(running.faults.map((fault) => fault.includes(named))).toEqual([true, true, true, true]);
    await running.runtime.stop();
  });

  test('a process that never yields after it slept gets stuck, in a folder too', async () => {
    const running = await startJobs({ directory: testFolder() });
    await want(running, 'spins-after-sleep', 'bad');
    await want(running, 'fine', 'good');
    expect((await running.until('bad', 'stuck')).why).toContain('"code":"POISON"');
    expect(await done(running, 'good')).toEqual({ done: 'good' });
    await running.runtime.stop();
  });

  test('a process that ends its thread each time gets stuck', async () => {
    const running = await startJobs();
    await want(running, 'exits', 'bad');
    await want(running, 'fine', 'good');
    expect((await running.until('bad', 'stuck')).why).toContain('"code":"POISON"');
    expect(await done(running, 'good')).toEqual({ done: 'good' });
    expect(running.faults.at(-1)).toContain('it ended by itself while the instance bad of the process run-job ran');
    await running.runtime.stop();
  });

  test('a process that ended its thread once is run again and completes', async () => {
    const running = await startJobs();
    await want(running, 'exits-once', 'unlucky', join(testFolder(), 'flag'));
    expect(await done(running, 'unlucky')).toEqual({ done: 'unlucky' });
    expect(running.faults).toHaveLength(1);
    await running.runtime.stop();
  });

  test('a system that is stopped while a process spins releases its folder, and with corrected code the process completes', async () => {
    const directory = testFolder();
    const flag = join(directory, 'flag');
    const before = await startJobs({ directory });
    await want(before, 'spins-until-flag', 'slow', flag);
    await before.runtime.stop();
    writeFileSync(flag, '');
    const after = await startJobs({ directory });
    expect(await done(after, 'slow')).toEqual({ done: 'slow' });
    await after.runtime.stop();
  });

  test('an instance that got stuck because it spun completes after its code is corrected and it is resumed', async () => {
    const flag = join(testFolder(), 'flag');
    const running = await startJobs({ directory: testFolder() });
    await want(running, 'spins-until-flag', 'bad', flag);
    await running.until('bad', 'stuck');
    writeFileSync(flag, '');
    await running.client.resume(runJob, 'bad');
    expect(await done(running, 'bad')).toEqual({ done: 'bad' });
    await running.runtime.stop();
  });
});

describe('the module of the system', TIMEOUT, () => {
  const entry = (name: string): URL => new URL(name, import.meta.url);

  test('one that does not exist, that breaks, or that lacks the system is refused with its name', async () => {
    const refused = (name: string): Promise<unknown> =>
      startLocal(jobs, { services: [], entry: entry(name) }).then(undefined, (error: unknown) => error);
    expect(await refused('./entries/none.ts')).toMatchObject({
      code: 'CONTRACT_INVALID',
      message: expect.stringMatching(/entries\/none\.ts of the system jobs could not be imported/),
    });
    expect(await refused('./entries/breaks.ts')).toMatchObject({
      code: 'CONTRACT_INVALID',
      message: expect.stringMatching(/entries\/breaks\.ts.*SyntaxError/),
    });
    expect(await refused('./running-jobs.ts')).toMatchObject({
      code: 'CONTRACT_INVALID',
      message: expect.stringMatching(/exports no system: expected the system jobs/),
    });
  });

  test('one that starts its system when it is imported is refused', async () => {
    await expect(startLocal(jobs, { services: [], entry: entry('./entries/starts.ts') })).rejects.toMatchObject({
      code: 'CONTRACT_INVALID',
      message: expect.stringContaining("the engine's thread imports it too"),
    });
  });

  test('a folder whose engine could not start is released', async () => {
    const directory = testFolder();
    await expect(startLocal(jobs, { services: [], directory, entry: entry('./entries/none.ts') })).rejects.toMatchObject({
      code: 'CONTRACT_INVALID',
    });
    const { stop } = await startLocal(jobs, { services: [], directory });
    await expect(stop()).resolves.toBeUndefined();
  });
});
