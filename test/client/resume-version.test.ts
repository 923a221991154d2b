import * as z from 'zod';
import { describe, expect, onTestFinished, test } from 'vitest';
import { command, event, process, service, system, type AnyProcess } from 'tutti';
import type { Client } from 'tutti/client';
import { startLocal, type LocalSystem } from 'tutti/local';
import { serve } from 'tutti/service';
import { testFolder } from '../local/running-jobs.ts';

const Asked = event('house.asked', z.object({ id: z.string() }));
const Paid = event('house.paid', z.object({ id: z.string() }));
const desk = service('desk', { file: command({ input: z.object({}) }), refuse: command({ input: z.object({}) }) });
const options = { startOn: Asked.byId(({ id }) => id), receives: [Paid.byId(({ id }) => id)] };

/** The steps of the first version until it waits or is stuck. */
const first = process('permit', { ...options, version: 1 }, async (ctx, { id }) => {
  await ctx.call(desk.file, {});
  if (id === 'bug') throw new TypeError('the code is wrong');
  await ctx.waitFor(Paid);
  return 'by the first';
});

/** A version with the same steps up to there. */
const second = process('permit', { ...options, version: 2 }, async (ctx) => {
  await ctx.call(desk.file, {});
  await ctx.waitFor(Paid);
  return 'by the second';
});

/** A version with a different first step. */
const third = process('permit', { ...options, version: 3 }, async (ctx) => {
  await ctx.call(desk.refuse, {});
  return 'by the third';
});

/** `answered` resolves with the first instance that waits for the payment or is stuck. */
async function running(
  directory: string,
  ...processes: readonly AnyProcess[]
): Promise<LocalSystem & { readonly answered: Promise<void> }> {
  const permits = system('permits', { processes, services: [desk] });
  const services = [serve(desk, { file: async () => {}, refuse: async () => {} })];
  let settle!: () => void;
  const answered = new Promise<void>((resolve) => (settle = resolve));
  const started = await startLocal(permits, {
    directory,
    services,
    onCommit: ({ status, version }) => (status === 'stuck' || version === 2) && settle(),
  });
  onTestFinished(() => started.stop());
  return { ...started, answered };
}

/** An instance of the first version that waits for the payment or, with the id `bug`, is stuck; then more versions are listed. */
async function begunOnFirst(id: string): Promise<Client> {
  const directory = testFolder();
  const before = await running(directory, first);
  await before.client.start(first, { id });
  await before.answered;
  await before.stop();
  return (await running(directory, first, second, third)).client;
}

describe('a stuck instance', () => {
  test('a stuck instance resumes on a version with the same steps so far', async () => {
    const client = await begunOnFirst('bug');
    expect(await client.describe(first, 'bug')).toMatchObject({ status: 'stuck', version: 1 });
    await client.resume(first, 'bug', { version: 2 });
    expect(await client.describe(first, 'bug')).toMatchObject({ status: 'running', version: 2 });
    await client.publish(Paid, { id: 'bug' });
    expect(await client.result(second, 'bug')).toBe('by the second');
  });

  test('resume on a version with other steps is refused with the difference', async () => {
    const client = await begunOnFirst('bug');
    const refused = client.resume(first, 'bug', { version: 3 });
    await expect(refused).rejects.toMatchObject({
      name: 'ProcessBug',
      code: 'NONDETERMINISM',
      message: expect.stringContaining('desk.refuse'),
    });
    expect(await client.describe(first, 'bug')).toMatchObject({ status: 'stuck', version: 1 });
    await client.resume(first, 'bug', { version: 2 });
    expect(await client.describe(first, 'bug')).toMatchObject({ status: 'running', version: 2 });
  });

  test('resume on a version that the system does not list is refused', async () => {
    const client = await begunOnFirst('bug');
    const refused = client.resume(first, 'bug', { version: 9 });
    await expect(refused).rejects.toMatchObject({ name: 'ClientError', code: 'NOT_FOUND', message: expect.stringContaining('permit@9') });
  });
});

describe('an instance that is not stuck', () => {
  test('an instance that is not stuck stays on its version, and a resume on another is refused', async () => {
    const client = await begunOnFirst('p-1');
    await expect(client.resume(first, 'p-1', { version: 2 })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('version 1'),
    });
    await client.resume(first, 'p-1', { version: 1 });
    await client.publish(Paid, { id: 'p-1' });
    expect(await client.result(first, 'p-1')).toBe('by the first');
  });
});

describe('a running instance', () => {
  test('moves to a version with the same steps so far, and ends on it', async () => {
    const client = await begunOnFirst('p-1');
    await client.move(first, 'p-1', { version: 2, reason: 'tax law' });
    expect(await client.describe(first, 'p-1')).toMatchObject({ status: 'running', version: 2 });
    await client.move(first, 'p-1', { version: 2 });
    await client.publish(Paid, { id: 'p-1' });
    expect(await client.result(second, 'p-1')).toBe('by the second');
    await expect(client.move(first, 'p-1', { version: 1 })).rejects.toMatchObject({
      code: 'CLOSED',
      message: expect.stringContaining('cannot be moved'),
    });
  });

  test('does not move to a version with other steps, or to one that is not listed, and goes on', async () => {
    const client = await begunOnFirst('p-1');
    await expect(client.move(first, 'p-1', { version: 3 })).rejects.toMatchObject({
      name: 'ProcessBug',
      code: 'NONDETERMINISM',
      message: expect.stringMatching(/was not moved to version 3, and goes on as it was: .*desk\.refuse/),
    });
    await expect(client.move(first, 'p-1', { version: 9 })).rejects.toMatchObject({ name: 'ClientError', code: 'NOT_FOUND' });
    await client.publish(Paid, { id: 'p-1' });
    expect(await client.result(first, 'p-1')).toBe('by the first');
  });

  test('does not move while it is stuck or paused', async () => {
    const client = await begunOnFirst('bug');
    await expect(client.move(first, 'bug', { version: 2 })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('is stuck and was to be moved to version 2'),
      remedy: 'Resume it with version 2, which replays first, too.',
    });
    const held = await begunOnFirst('p-1');
    await held.pause(first, 'p-1', 'audit');
    await expect(held.move(first, 'p-1', { version: 2 })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('is paused'),
      remedy: 'Resume it, then move it.',
    });
  });
});
