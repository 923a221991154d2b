import { Command } from 'commander';
import * as z from 'zod';
import { expect, onTestFinished, test } from 'vitest';
import { command, event, process, service, system } from 'tutti';
import { startLocal } from 'tutti/local';
import { serve } from 'tutti/service';
import { addMoveCommand } from '../../bin/commands/move.ts';
import { addVersionsCommand } from '../../bin/commands/versions.ts';
import { exitCodeOf } from '../../bin/exit-code.ts';
import type { Invocation } from '../../bin/invocation.ts';
import { Terminal } from '../../bin/terminal.ts';
import { permit as housePermit, permits } from '../client/permits.ts';
import { testFolder } from '../local/running-jobs.ts';

const Asked = event('house.asked', z.object({ id: z.string(), files: z.boolean() }));
const Paid = event('house.paid', z.object({ id: z.string() }));
const desk = service('desk', { file: command({ input: z.object({}) }) });

/** Version 1 always files. Version 2, which new instances take, leaves that out for some: these do not replay on version 1. */
const permit = (version: number) =>
  process('permit', { startOn: Asked.byId(({ id }) => id), receives: [Paid.byId(({ id }) => id)], version }, async (ctx, { files }) => {
    if (version === 2) ctx.patched('audit');
    if (version === 1 || files) await ctx.call(desk.file, {});
    await ctx.waitFor(Paid);
  });

/** Runs a command on a folder. */
async function runOn(directory: string, ...parts: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = '';
  const stream = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  const invocation: Invocation = { terminal: new Terminal(stream, stream, {}), exitCode: 0 };
  const program = new Command('tutti').exitOverride();
  addMoveCommand(program, invocation);
  addVersionsCommand(program, invocation);
  try {
    await program.parseAsync(['node', 'tutti', ...parts, '--local', directory]);
  } catch (error) {
    invocation.terminal.error(error);
    return { code: exitCodeOf(error), text };
  }
  return { code: invocation.exitCode, text };
}

/** A running system, and commands on it. */
async function office() {
  const directory = testFolder();
  const both = system('permits', { processes: [permit(2), permit(1)], services: [desk] });
  const local = await startLocal(both, { directory, services: [serve(desk, { file: async () => {} })] });
  onTestFinished(() => local.stop());
  for (const [id, files] of Object.entries({ p1: true, p2: true, p3: false })) await local.client.start(permit(2), { id, files });
  const run = (...parts: readonly string[]) => runOn(directory, ...parts);
  return { client: local.client, run, move: (...parts: readonly string[]) => run('move', ...parts) };
}

test('tutti move moves one instance, or counts or moves all of a process, and names those that stay', async () => {
  const { client, move } = await office();
  expect(await move('permit', 'p1', '--to', '1', '--reason', 'the old law')).toEqual({ code: 0, text: 'running on version 1\n' });
  expect(await client.describe(permit(2), 'p1')).toMatchObject({ version: 1 });
  expect(await move('permit', '--to', '1')).toEqual({
    code: 0,
    text: '2 running instances are on another version of permit: add --all to move what replays on version 1.\n',
  });
  const all = await move('permit', '--to', '1', '--all');
  expect(all.code).toBe(1);
  expect(all.text.split('\n').toSorted()).toEqual([
    '',
    '1 moved to version 1, 1 stays.',
    'moved  permit p2',
    expect.stringMatching(/^stays {2}permit p3: permit p3 was not moved to version 1, and goes on as it was: NONDETERMINISM: .*desk\.file/),
  ]);
  expect(await move('permit', '--to', '1', '--all', '--json')).toMatchObject({ code: 1, text: expect.stringContaining('"refused"') });
  await client.publish(Paid, { id: 'p3' });
  await client.result(permit(2), 'p3');
  expect(await move('permit', '--to', '1', '--json')).toEqual({ code: 0, text: '{"process":"permit","others":0}\n' });
  expect(await move('permit', '--to', '1', '--all')).toEqual({ code: 0, text: '0 moved to version 1, 0 stay.\n' });
  expect(await move('permit', 'p1', '--to', '2', '--json')).toMatchObject({ code: 0, text: expect.stringContaining('"version":2') });
});

test('tutti move refuses an id beside --all, and a version that is not listed', async () => {
  const { move } = await office();
  expect(await move('permit', 'p1', '--all', '--to', '1')).toMatchObject({
    code: 2,
    text: expect.stringContaining('Expected an id or --all'),
  });
  expect(await move('permit', 'p1', '--to', '9')).toMatchObject({ code: 3, text: expect.stringContaining('UNKNOWN_VERSION') });
  expect(await move('permit', '--to', '1')).toMatchObject({ code: 0, text: expect.stringContaining('3 running instances are') });
});

test('tutti versions --changes counts the open runs with and without each change of ctx.patched', async () => {
  const { client, run, move } = await office();
  const changes = async (): Promise<readonly string[]> =>
    (await run('versions', '--changes')).text.split('\n').filter((line) => line.includes('change '));
  expect(await changes()).toEqual(['permit version 2, change audit: taken by 3, no open run is without it: its call can be deleted']);
  await move('permit', 'p1', '--to', '1');
  await client.cancel(permit(2), 'p3', 'tested');
  expect(await changes()).toEqual([
    'permit version 2, change audit: taken by 1, no open run is without it: its call can be deleted',
    'permit version 1, change audit: taken by 1, no open run is without it: its call can be deleted',
  ]);
  expect((await run('versions')).text).not.toContain('change ');
});

test('tutti versions --changes counts the open runs that each code has begun', async () => {
  const directory = testFolder();
  const entry = new URL('../client/permits.ts', import.meta.url);
  const local = await startLocal(permits, { directory, services: [], entry, flows: true });
  onTestFinished(() => local.stop());
  await local.client.start(housePermit, {}, { id: 'p' });
  expect((await runOn(directory, 'versions', '--changes')).text).toMatch(
    /^permit version 1, code [0-9a-f]{16}, which runs now: 1 open run$/m,
  );
});
