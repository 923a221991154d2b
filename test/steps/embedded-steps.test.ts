import * as z from 'zod';
import { event, process, steps, system, type AnyContext, type ObservedLine } from 'tutti';
import { startLocal } from 'tutti/local';
import { describe, expect, test, vi } from 'vitest';
import { bookSeat, SeatAsked, threadedSeats } from './threaded-seats.ts';

const Started = event('jobs.started', z.object({ id: z.string() }));

const started = async (run: (ctx: AnyContext) => Promise<unknown>) => {
  const job = process('job', { startOn: Started.byId(({ id }) => id) }, run as never);
  const local = await startLocal(system('jobs', { processes: [job], services: [] }), { services: [] });
  await local.client.publish(Started, { id: 'a' });
  return { ...local, job };
};

describe('a step in the embedded runtime', () => {
  test('runs beside the engine, where the globals that a process may not use work', async () => {
    const { client, job, stop } = await started(async (ctx) => {
      const read = await ctx.run('read', async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return { now: Date.now(), at: new Date().getTime(), id: crypto.randomUUID() };
      });
      return Math.abs(read.now - read.at) < 60_000 && read.id.length === 36;
    });
    expect(await client.result(job, 'a')).toBe(true);
    await stop();
  });

  test('that lost a race gets its signal aborted, and its late success is undone with the real output', async () => {
    const undone: unknown[] = [];
    const reasons: unknown[] = [];
    const { client, job, stop } = await started(async (ctx) => {
      const booking = ctx.run(
        'book',
        (task) =>
          new Promise<string>((resolve) => {
            task.signal.addEventListener('abort', () => {
              reasons.push((task.signal.reason as Error).message);
              resolve('12A');
            });
          }),
        { undo: async (seat) => void undone.push(seat) },
      );
      return (await ctx.race({ booking, refused: ctx.run('refuse', async () => 'no') })).winner;
    });
    expect(await client.result(job, 'a')).toBe('refused');
    expect(reasons).toEqual(['The process no longer wants the command.']);
    expect(undone).toEqual(['12A']);
    await stop();
  });

  test('that is cancelled with its process, and heeds its signal with task.notDone, needs no undo', async () => {
    let begun!: () => void;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const undone: unknown[] = [];
    const { client, job, stop } = await started((ctx) =>
      ctx.run(
        'book',
        (task) =>
          new Promise<string>((_resolve, reject) => {
            task.signal.addEventListener('abort', () => {
              reject(task.notDone('nothing was sent'));
            });
            begun();
          }),
        { undo: async (seat) => void undone.push(seat) },
      ),
    );
    await running;
    await client.cancel(job, 'a', 'changed my mind');
    await expect(client.result(job, 'a')).rejects.toThrow('cancelled by local: changed my mind');
    expect(undone).toEqual([]);
    await stop();
  });

  test('logs lines of JSON to the standard error, unless the program takes them', async () => {
    const written = vi.spyOn(globalThis.process.stderr, 'write').mockReturnValue(true);
    const { client, job, stop } = await started((ctx) => ctx.run('pay', async (task) => task.log('warn', 'a\u009b2J', { cents: 5 })));
    await client.result(job, 'a');
    const [text] = written.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('2J'));
    written.mockRestore();
    expect(text).not.toContain('\u009b');
    expect(JSON.parse(text as string)).toMatchObject({
      level: 'warn',
      event: 'log',
      pid: 'default#job#a',
      command: 'steps.run',
      message: 'a\u009b2J',
      fields: { cents: 5 },
    });
    await stop();
  });

  test('that defers is completed by its token', async () => {
    let got!: (token: string) => void;
    const token = new Promise<string>((resolve) => (got = resolve));
    const { client, job, stop } = await started((ctx) =>
      ctx.run<{ approved: boolean }>('ask', async (task) => {
        got(task.token);
        return task.defer();
      }),
    );
    await client.complete(steps.run, await token, { approved: true });
    expect(await client.result(job, 'a')).toEqual({ approved: true });
    await stop();
  });
});

test(
  'a step runs on the thread of the program, and the engine on its own, and the program gets the lines of both',
  { timeout: 60_000 },
  async () => {
    const runs: string[] = [];
    (globalThis as { threadsOfSteps?: string[] }).threadsOfSteps = runs;
    const entry = new URL('threaded-seats.ts', import.meta.url);
    const lines: ObservedLine[] = [];
    const local = await startLocal(threadedSeats, { services: [], entry, onLog: (line) => lines.push(line) });
    await local.client.publish(SeatAsked, { id: 'a', seat: '12A' });
    expect(await local.client.result(bookSeat, 'a')).toEqual({ engineOnMain: false, seat: '12A', paid: 'p-12A' });
    expect(runs).toEqual(['charge 12A', 'book 12A after p-12A']);
    expect(lines.map(({ level, message, fields, id }) => [level, message, fields, id])).toEqual([
      ['info', 'asks', { seat: '12A' }, 'a'],
      ['warn', 'books', { seat: '12A' }, 'a'],
    ]);
    await local.stop();
  },
);
