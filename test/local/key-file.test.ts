import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process as define, service, system } from 'tutti';
import { serve } from 'tutti/service';
import { Seal } from '../../lib/adapters/embedded/log/seal.ts';
import { folderSeal } from '../../lib/local/folder-key.ts';
import { startLocal } from '../../lib/local/start-local.ts';
import { testFolder } from './running-jobs.ts';

const Start = event('p.start', z.object({ id: z.string(), name: z.string() }));
const greet = command({ input: z.object({ name: z.string() }), output: z.object({ text: z.string() }) });
const greeter = service('greeter', { greet });
const hello = define('hello', { startOn: Start.byId(({ id }) => id) }, async (ctx, { name }) => ctx.call(greeter.greet, { name }));
const greetings = system('greetings', { processes: [hello], services: [greeter] });
const services = [serve(greeter, { greet: async ({ name }) => ({ text: `hello ${name}` }) })];
const NAME = `Ada-Lovelace-${'x'.repeat(3_000)}`;

/** How many files of the folder hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true }) as string[];
  return files.filter((file) => statSync(join(folder, file)).isFile() && readFileSync(join(folder, file)).includes(text));
}

test('a folder with a key holds no text of an instance, and the key reads it again after a stop and after a crash', async () => {
  const [directory, place, keyFile] = [join(testFolder(), 'state'), testFolder(), join(testFolder(), 'key')];
  const copies: string[] = [];
  for (const begins of [true, false]) {
    const { client, stop } = await startLocal(greetings, { directory, keyFile, services });
    if (begins) await client.publish(Start, { id: 'a', name: NAME });
    expect(await client.result(hello, 'a')).toEqual({ text: `hello ${NAME}` });
    expect(filesWith(directory, 'Ada-Lovelace')).toEqual([]);
    // As a crash leaves it: first with all changes in the log, then with rows.
    const copy = join(place, String(begins));
    cpSync(directory, copy, { recursive: true, filter: (path) => !/sock|holder/.test(path) });
    copies.push(copy);
    await stop();
    expect(filesWith(directory, 'Ada-Lovelace')).toEqual([]);
  }
  for (const copy of copies) {
    const { client, stop } = await startLocal(greetings, { directory: copy, keyFile, services });
    expect(await client.result(hello, 'a')).toEqual({ text: `hello ${NAME}` });
    await stop();
    expect(filesWith(copy, 'Ada-Lovelace')).toEqual([]);
  }
});

test('a folder opens with its own key only, and a folder without a key takes none later', async () => {
  const [directory, plain, place] = [join(testFolder(), 'state'), join(testFolder(), 'plain'), testFolder()];
  const keyFile = join(place, 'key');
  for (const options of [{ directory, keyFile }, { directory: plain }]) {
    const { client, stop } = await startLocal(greetings, { ...options, services });
    await client.publish(Start, { id: 'a', name: 'Ada' });
    await client.result(hello, 'a');
    await stop();
  }
  const other = join(place, 'other');
  writeFileSync(other, randomBytes(32).toString('base64'), { mode: 0o600 });
  const opened = (options: { readonly directory: string; readonly keyFile?: string }) => startLocal(greetings, { ...options, services });
  await expect(opened({ directory })).rejects.toMatchObject({
    code: 'DENIED',
    message: expect.stringContaining('is encrypted, and no key was given') as unknown,
  });
  await expect(opened({ directory, keyFile: other })).rejects.toMatchObject({
    code: 'DENIED',
    message: expect.stringContaining('is encrypted with another key') as unknown,
  });
  await expect(opened({ directory, keyFile: join(place, 'lost') })).rejects.toMatchObject({ code: 'DENIED' });
  expect(existsSync(join(place, 'lost'))).toBe(false);
  await expect(opened({ directory: plain, keyFile })).rejects.toMatchObject({ code: 'DENIED' });
});

test('a key file is refused in the folder, if other users can read it, and without a key', () => {
  const [directory, place] = [testFolder(), testFolder()];
  expect(() => folderSeal(directory, join(directory, 'key'))).toThrow('lies in the folder');
  const keyFile = join(place, 'key');
  writeFileSync(keyFile, 'too short', { mode: 0o600 });
  expect(() => folderSeal(directory, keyFile)).toThrow('expected 32 in base64');
  chmodSync(keyFile, 0o644);
  expect(() => folderSeal(directory, keyFile)).toThrow('Other users may use');
  expect(folderSeal(directory, undefined)).toBeUndefined();
});

test('a sealed text opens with its key, in another process too, and not after a change', () => {
  const key = randomBytes(32);
  const seal = new Seal(key);
  const texts = ['', 'Ada', 'ä\u{1f600}\ud800', 'x'.repeat(100_000)];
  for (const text of texts) {
    const sealed = seal.close(text);
    expect(new Seal(key).open(sealed)).toBe(Buffer.from(text).toString());
    expect(new Seal(key).openText(seal.closeText(text))).toBe(Buffer.from(text).toString());
    for (const at of [1, 20, 30, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => new Seal(key).open(changed)).toThrow('unable to authenticate data');
    }
    expect(() => new Seal(randomBytes(32)).open(sealed)).toThrow('unable to authenticate data');
  }
  expect(seal.close('Ada')).not.toEqual(seal.close('Ada'));
  expect(seal.openText('17;plain')).toBe('17;plain');
});
