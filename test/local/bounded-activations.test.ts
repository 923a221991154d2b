import * as z from 'zod';
import { expect, test } from 'vitest';
import { command, event, process, service, system } from 'tutti';
import { startLocal } from '../../lib/local/start-local.ts';
import { serve } from '../../lib/service/serve.ts';

const Started = event('jobs.started', z.object({ id: z.string() }));
const Poked = event('jobs.poked', z.object({ id: z.string() }));
const work = service('work', {
  main: command({ input: z.object({}), errors: { No: z.object({}) } }),
  tell: command({ input: z.object({}) }),
});
const serves = serve(work, {
  main: async (_input, task) => {
    throw task.errors.No({});
  },
  tell: async () => {},
});

test('a loop that catches its cancellation ends with its job, and another process goes on', { timeout: 30_000 }, async () => {
  const job = process('job', { startOn: Started.byId(({ id }) => id) }, async (ctx) => {
    const heartbeat = async (): Promise<void> => {
      for (;;)
        try {
          await ctx.sleep('1 minute');
        } catch {
          continue;
        }
    };
    await Promise.all([ctx.call(work.main, {}), heartbeat()]);
  });
  const other = process('other', {}, async () => 'ended');
  const { client, stop } = await startLocal(system('jobs', { processes: [job, other], services: [work] }), { services: [serves] });
  await client.publish(Started, { id: 'j' });
  await expect(client.result(job, 'j', { timeout: '10 seconds' })).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  await client.start(other, null, { id: 'o' });
  expect(await client.result(other, 'o', { timeout: '10 seconds' })).toBe('ended');
  await stop();
});

test('a step that is requested outside an activation is refused, and its instance says so', { timeout: 30_000 }, async () => {
  const faults: string[] = [];
  const timed = process('timed', { startOn: Started.byId(({ id }) => id), receives: [Poked.byId(({ id }) => id)] }, async (ctx) => {
    const mistake = new Promise((resolve) => setTimeout(resolve, 50)).then(() => ctx.call(work.tell, {}));
    await ctx.waitFor(Poked);
    await mistake;
  });
  const { client, stop } = await startLocal(system('jobs', { processes: [timed], services: [work] }), {
    services: [serves],
    // Misuse that development finds in other ways.
    checks: false,
    onFault: (error) => void faults.push(String(error)),
  });
  await client.publish(Started, { id: 'x' });
  await expect
    .poll(() =>
      client.describe(timed, 'x').then(
        ({ status }) => status,
        () => 'none',
      ),
    )
    .toBe('running');
  await new Promise((resolve) => setTimeout(resolve, 200));
  await client.signal(timed, 'x', Poked, { id: 'x' });
  await expect.poll(() => client.describe(timed, 'x').then(({ why }) => why), { timeout: 10_000 }).toMatch(/POISON/);
  expect(faults.join()).toContain('timed called ctx.call outside an activation');
  await stop();
});
