import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { serve } from 'tutti/service';
import { OrderedLog } from '../../lib/adapters/embedded/log/log.ts';
import { startLocal } from '../../lib/local/start-local.ts';
import type { ErasureRequest } from '../../lib/ports/erasure-store.ts';
import { newDirectory, opens } from '../adapters/opened-states.ts';
import { testFolder } from './running-jobs.ts';

const Start = event('p.start', z.object({ id: z.string(), name: z.string() }));
const greet = command({ input: z.object({ name: z.string() }), output: z.object({ text: z.string() }) });
const greeter = service('greeter', { greet });
const hello = process('hello', { startOn: Start.byId(({ id }) => id) }, async (ctx, { name }) => ctx.call(greeter.greet, { name }));
const greetings = system('greetings', { processes: [hello], services: [greeter] });
const served = serve(greeter, { greet: async ({ name }) => ({ text: `hello ${name}` }) });
/** Large enough to be a value of the payload store. */
const PERSON = `Ada-Lovelace-${'x'.repeat(3_000)}`;
const OTHER = 'Grace-Hopper';

/** How many files of the folder hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true }) as string[];
  return files.filter((file) => statSync(join(folder, file)).isFile() && readFileSync(join(folder, file)).includes(text));
}

test('no file of the folder holds a text of an erased instance, while the system runs and after it has stopped', async () => {
  const directory = testFolder();
  const { client, stop } = await startLocal(greetings, { directory, services: [served] });
  for (const [id, name] of [
    ['a', PERSON],
    ['b', OTHER],
  ] as const) {
    await client.publish(Start, { id, name });
    await client.result(hello, id);
  }
  expect(filesWith(directory, 'Ada-Lovelace')).not.toEqual([]);
  await client.erase(hello, 'a', 'request 7');
  await expect.poll(() => filesWith(directory, 'Ada-Lovelace')).toEqual([]);
  expect(filesWith(directory, OTHER)).not.toEqual([]);
  expect(await client.result(hello, 'b')).toEqual({ text: `hello ${OTHER}` });
  await stop();
  expect(filesWith(directory, 'Ada-Lovelace')).toEqual([]);

  const again = await startLocal(greetings, { directory, services: [served] });
  expect((await again.client.describe(hello, 'a')).erased).toMatchObject({ by: 'local', reason: 'request 7' });
  expect(await again.client.result(hello, 'b')).toEqual({ text: `hello ${OTHER}` });
  await again.stop();
});

test('an event to an erased instance writes no file again, because nothing is left to remove, and a second erasure does', async () => {
  const { client, stop } = await startLocal(greetings, { directory: testFolder(), services: [served] });
  await client.publish(Start, { id: 'a', name: OTHER });
  await client.result(hello, 'a');
  const scrub = vi.spyOn(OrderedLog.prototype, 'scrub');
  await client.erase(hello, 'a', 'request 7');
  await expect.poll(() => scrub.mock.calls.length).toBe(1);
  await client.publish(Start, { id: 'a', name: OTHER });
  await expect.poll(async () => (await client.describe(hello, 'a')).parked).toEqual({ CLOSED: 1 });
  expect(scrub).toHaveBeenCalledTimes(1);
  await client.erase(hello, 'a', 'again');
  await expect.poll(() => scrub.mock.calls.length).toBe(2);
  scrub.mockRestore();
  await stop();
});

test('a repeated removal writes the files again if it removes something, and an erasure always', async () => {
  const pid = 'default#hello#a';
  const state = opens({ directory: newDirectory() });
  const scrub = vi.spyOn(OrderedLog.prototype, 'scrub');
  const scrubs = async (request?: ErasureRequest): Promise<number> => {
    scrub.mockClear();
    await state.erasureStore.erase(pid, 10, request);
    return scrub.mock.calls.length;
  };
  expect([await scrubs(), await scrubs({ rewrites: true })]).toEqual([0, 1]);
  await state.processStore.spill({ pid, run: 'r', from: 0, entries: ['{}'] });
  expect([await scrubs(), await scrubs()]).toEqual([1, 0]);
  await state.parkingStore.park({ pid, id: 'x', reason: 'CLOSED', detail: 'd', body: '{}', parkedAt: 10 });
  expect([await scrubs(), await scrubs()]).toEqual([1, 0]);
  await state.payloadStore.put(pid, 'f'.repeat(64), '"x"');
  expect([await scrubs(), await scrubs()]).toEqual([1, 0]);
  scrub.mockRestore();
});
