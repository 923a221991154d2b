import { expect, test } from 'vitest';
import { systemContract } from '../../lib/contract/system.ts';
import { rotateKeys } from '../../lib/client/rotate-keys.ts';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { MemoryMessageSender } from '../../lib/adapters/memory/message-sender.ts';
import { shop } from './shop-orders.ts';
import { memoryPorts, NOW } from './ports.ts';

test('a key rotation names its operator, and returns the instant from which the new key signs', async () => {
  const ports = memoryPorts();
  const operations = new MemoryMessageQueue({ name: 'operations', clock: ports.clock });
  const sender = new MemoryMessageSender(new Map([['operations', operations]]));
  const answer = await rotateKeys({ system: systemContract(shop), ports: { ...ports, sender } });
  expect(answer).toEqual({ signsFrom: new Date(NOW + 600_000).toISOString() });
  const [message] = await operations.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
  expect(JSON.parse(message?.body ?? '')).toMatchObject({ tutti: 'rotate-keys', by: 'tester' });
});
