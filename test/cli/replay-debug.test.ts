import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startLocal } from 'tutti/local';
import { addReplayCommand } from '../../bin/commands/replay.ts';
import { exitCodeOf } from '../../bin/exit-code.ts';
import type { Invocation } from '../../bin/invocation.ts';
import { Terminal } from '../../bin/terminal.ts';
import { freePort } from '../localstack/endpoint.ts';
import { testFolder } from '../local/running-jobs.ts';
import { RunningTutti } from './command-line.ts';
import { InspectorClient } from './inspector-client.ts';
import { kiosk, order, Ordered, services, Visited, visits } from './debugged.ts';

const DEBUGGED = join(import.meta.dirname, 'debugged.ts');

// Each test starts a program and its debugger, so a busy machine needs more time.
vi.setConfig({ testTimeout: 120_000 });

/** A folder on which an order has completed and two visits have come, and no system runs. */
async function closedKiosk(): Promise<string> {
  const directory = testFolder();
  const local = await startLocal(kiosk, { directory, services });
  await local.client.publish(Ordered, { id: 'o-1', tea: 'oolong' });
  for (const door of ['north', 'south']) await local.client.publish(Visited, { id: 'v-1', door });
  await local.client.result(order, 'o-1');
  await vi.waitFor(async () => expect(await local.client.query(visits, 'v-1')).toMatchObject({ doors: ['north', 'south'] }), 30_000);
  await local.stop();
  return directory;
}

/** A client that is attached to a program which waits for it. */
async function attached(program: RunningTutti, port: number): Promise<InspectorClient> {
  await program.message(/^Attach a debugger to 127\.0\.0\.1:\d+,/);
  return InspectorClient.attach(port);
}

test('tutti replay --debug stops in the code of the user at a decision, with its variables, and then goes on', async () => {
  const folder = await closedKiosk();
  const port = await freePort();
  const program = new RunningTutti('replay', DEBUGGED, '--debug', 'order', 'o-1', '--at', '3', '--port', `${port}`, '--local', folder);
  const client = await attached(program, port);
  const pause = await client.paused();
  expect(await program.message(/^Stopped/)).toBe('Stopped at entry 3, CommandIssued bar.brew:2, at test/cli/debugged.ts:18');
  expect(client.file(pause)).toMatch(/^file:.*\/test\/cli\/debugged\.ts$/);
  const variables = '({ tea, first, price, again })';
  expect(await client.value(pause, variables)).toEqual({ tea: 'oolong', first: { cup: 6 }, price: 18, again: 'oolong' });
  await client.send('Debugger.resume');
  await program.message(/^The replay has ended\.$/);
  client.close();
  expect(await program.end()).toMatchObject({ code: 0 });
});

test('without --at it stops at the first difference, in a program that an editor has started under its debugger', async () => {
  const folder = await closedKiosk();
  const port = await freePort();
  vi.stubEnv('DEBUGGED_CHANGED', '1');
  vi.stubEnv('NODE_OPTIONS', `--inspect-brk=127.0.0.1:${port}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const program = new RunningTutti('replay', DEBUGGED, '--debug', 'order', 'o-1', '--local', folder);
  await program.message(/^Debugger listening/);
  const client = await InspectorClient.attach(port);
  await client.paused();
  await client.send('Debugger.resume');
  const pause = await client.paused();
  expect(await program.message(/^Stopped/)).toBe('Stopped at entry 2, CommandAnswered, at test/cli/debugged.ts:18');
  expect(await client.value(pause, 'again')).toBe('oolong with milk');
  await client.send('Debugger.resume');
  await program.message(/^NONDETERMINISM: .*bar\.brew:2/);
  client.close();
  expect(await program.end()).toMatchObject({ code: 1 });
});

test('tutti replay --debug gives the facts of a decider to its handlers again', async () => {
  const folder = await closedKiosk();
  const port = await freePort();
  const program = new RunningTutti('replay', DEBUGGED, '--debug', 'visits', 'v-1', '--port', `${port}`, '--local', folder);
  const client = await attached(program, port);
  expect(await client.value(await client.paused(), '({ before: state.doors, door })')).toEqual({ before: ['north'], door: 'south' });
  await client.send('Debugger.resume');
  await program.message(/^The replay has ended\.$/);
  client.close();
  expect(await program.end()).toMatchObject({ code: 0 });
});

test('tutti replay --debug refuses an instance without an id, an entry that the journal does not have', async () => {
  const folder = await closedKiosk();
  const replay = async (...parts: readonly string[]): Promise<readonly [number, string]> => {
    const stream = new PassThrough();
    const invocation: Invocation = { terminal: new Terminal(stream as never, stream as never, {}), exitCode: 0 };
    const program = new Command('tutti').exitOverride();
    addReplayCommand(program, invocation);
    try {
      await program.parseAsync(['node', 'tutti', 'replay', DEBUGGED, ...parts, '--local', folder]);
    } catch (error) {
      invocation.terminal.error(error);
      return [exitCodeOf(error), String(stream.read())];
    }
    return [invocation.exitCode, String(stream.read())];
  };
  expect(await replay('--debug', 'order')).toEqual([2, expect.stringContaining('--debug takes the name of a process and the id')]);
  expect(await replay('--debug', 'order', 'o-1', DEBUGGED)).toEqual([2, expect.stringContaining('Put the modules before it')]);
  expect(await replay('--open', '--at', '3')).toEqual([2, expect.stringContaining('--at was given without --debug.')]);
  expect(await replay('--open', '--debug', 'order', 'o-1')).toEqual([2, expect.stringContaining('Expected either --journals DIR')]);
  expect(await replay('--debug', 'order', 'o-2')).toEqual([3, expect.stringContaining('order o-2')]);
  expect(await replay('--debug', 'order', 'o-1', '--at', '6')).toEqual([
    2,
    expect.stringContaining('The journal has no entry 6: expected a number from 0 to 5.'),
  ]);
});
