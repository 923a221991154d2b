import { expect, test } from 'vitest';
import * as z from 'zod';
import { event, process, system } from 'tutti';
import { connectionPorts } from '../../lib/client/connection.ts';
import { startLocal } from '../../lib/local/start-local.ts';
import { Runtime } from '../../lib/local/runtime.ts';
import { noticeFault } from '../../lib/local/notice-fault.ts';

const Opened = event('desk.opened', z.object({ email: z.string() }));
const desk = process('desk', { startOn: Opened.byId((opened) => opened.email) }, async () => {});

test('an event of another publisher that names no instance is reported to onFault', async () => {
  let report!: (error: unknown) => void;
  const reported = new Promise<unknown>((resolve) => (report = resolve));
  const runtime = new Runtime(system('desk', { processes: [desk], services: [] }), { services: [], onFault: (error) => report(error) });
  await runtime.start();
  try {
    const { publisher } = connectionPorts(runtime.connection);
    await publisher.publish([{ source: 'desk', type: 'desk.opened', detail: JSON.stringify({ email: 'ada lovelace' }) }]);
    expect(await reported).toMatchObject({
      code: 'EVENT_PARKED',
      message:
        'A message was parked (MALFORMED): desk.opened names the instance "ada lovelace": an id is 1 to 200 letters, digits and . : _ - @ + = , ~ !.',
    });
  } finally {
    await runtime.stop();
  }
});

test('an instance that gets stuck is reported to onFault, with the reason, the line of its code and the remedy', async () => {
  let report!: (error: unknown) => void;
  const reported = new Promise<unknown>((resolve) => (report = resolve));
  const broken = process('broken', {}, async () => {
    throw new TypeError('no such field');
  });
  const { client, stop } = await startLocal(system('desk', { processes: [broken], services: [] }), {
    services: [],
    onFault: (error) => report(error),
  });
  try {
    await client.start(broken, null, { id: 'a' });
    const fault = await reported;
    expect(fault).toMatchObject({ code: 'STUCK', remedy: expect.stringMatching(/resume/), details: { reason: 'POISON' } });
    expect(String(fault)).toMatch(/broken a is stuck \(POISON\): .*no such field.*notice-fault\.test\.ts:\d+/);
  } finally {
    await stop();
  }
});

test('a notice that needs no operator is not reported', () => {
  expect(noticeFault({ kind: 'parked', reason: 'STUCK', pid: 'default#desk#a', detail: '' })).toBe(undefined);
  expect(noticeFault({ kind: 'unresolved', reason: 'UNKNOWN_OUTCOME', pid: 'default#desk#a' })).toBe(undefined);
  expect(noticeFault({ kind: 'ignored', reason: 'CLOSED', pid: 'default#desk#a' })).toBe(undefined);
});
