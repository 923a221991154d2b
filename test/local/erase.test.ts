import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { serve } from 'tutti/service';
import { startLocal } from '../../lib/local/start-local.ts';
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
