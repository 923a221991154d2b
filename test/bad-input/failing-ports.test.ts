import { describe, expect, test } from 'vitest';
import { enginePortsOf } from '../../lib/local/engine-ports.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';
import { InboxRig } from './inbox-rig.ts';
import { shop } from './orders-system.ts';

/** A port whose every call fails. */
const failing = <Port extends object>(port: Port): Port =>
  new Proxy(port, {
    get: () => async () => {
      await Promise.resolve();
      throw new TypeError('the network is gone');
    },
  });

describe('a failing port releases its messages, delays no other message of the batch, and is reported', () => {
  test.each([
    ['store', 0],
    ['sender', 0],
    ['parking', 1],
    ['payloads', 1],
  ] as const)('the messages are released and the fault is reported if this port fails: %s', async (broken, applied) => {
    const rig = new InboxRig();
    const ports = enginePortsOf(rig.state);
    const told: unknown[] = [];
    const onFault = (error: unknown): void => void told.push(String(error));
    const engine = memoryEngine({ system: shop, ports: { ...ports, [broken]: failing(ports[broken]) }, clock: rig.clock, onFault });
    rig.event('shop.placed', { orderId: 'o-1' });
    rig.event('shop.confirmed', { orderId: 'o-2', by: 'x'.repeat(10) });
    rig.put('no json');
    rig.event('shop.placed', undefined, { id: 'large', dataref: `payload:${'0'.repeat(64)}`, datahash: `sha256:${'0'.repeat(64)}` });
    const messages = await rig.inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
    const { acknowledge, giveBack } = await engine.advance(messages);
    expect(acknowledge.length + giveBack.length).toBe(4);
    expect(new Set([...acknowledge, ...giveBack.map(({ receiptHandle }) => receiptHandle)]).size).toBe(4);
    // The first message is the start: it is acknowledged where all that it needs works.
    expect(acknowledge.includes(messages[0]?.receiptHandle ?? '')).toBe(applied === 1);
    expect(told).toContainEqual(expect.stringContaining('TypeError: the network is gone'));
    await rig.inbox.delete(acknowledge);
    await rig.inbox.changeVisibility(giveBack);
    await rig.pass(60_000);
    expect(await rig.head('default#fulfil#o-1')).toMatchObject({ status: 'running' });
    expect(await rig.head('default#fulfil#o-2')).toMatchObject({ status: 'early' });
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});
