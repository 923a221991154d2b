import { expect, test } from 'vitest';
import * as z from 'zod';
import { event, process, system } from 'tutti';
import { connectionPorts } from '../../lib/client/connection.ts';
import { Runtime } from '../../lib/local/runtime.ts';
import { parkedFault } from '../../lib/local/parked-fault.ts';

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

test('an event that waits beside a stuck instance is not reported, and neither is the instance', () => {
  expect(parkedFault({ kind: 'parked', reason: 'STUCK', pid: 'default#desk#a', detail: '' })).toBe(undefined);
  expect(parkedFault({ kind: 'stuck', reason: 'POISON', pid: 'default#desk#a' })).toBe(undefined);
});
