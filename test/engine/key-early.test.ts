import * as z from 'zod';
import { event, process } from 'tutti';
import { expect, test } from 'vitest';
import { SUBSCRIBE } from '../../lib/contract/keys.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { buildCommandId } from '../../lib/contract/wire/process-id.ts';
import type { Subscription } from '../../lib/core/image.ts';
import { decodeHead } from '../../lib/format/head-codec.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { EngineRig } from './engine-rig.ts';

const Asked = event('rides.asked', z.object({ ride: z.string() }));
const Moved = event('drivers.moved', z.object({ driver: z.string() }));
const Left = event('rides.left', z.object({ ride: z.string() }));

const ride = process(
  'ride',
  { startOn: Asked.byId((asked) => asked.ride), receives: [Moved.byKey(({ driver }) => driver), Left.byId((left) => left.ride)] },
  async (ctx) => {
    for (;;) {
      const { winner } = await ctx.race({ moved: ctx.waitFor(Moved, { key: 'd-1' }), left: ctx.waitFor(Left) });
      if (winner === 'left') return;
    }
  },
);

const subscriptionOf = async (rig: EngineRig, pid: string): Promise<Subscription> => {
  const { subscriptions: [subscription] = [] } = decodeHead((await rig.head(pid)) as Head);
  return subscription as Subscription;
};

const receivedBy = async (rig: EngineRig, pid: string): Promise<readonly string[]> =>
  (await rig.head(pid))!.tail.flatMap((text) => /"type":"EventReceived".*"id":"(m-\d)"/.exec(text)?.[1] ?? []);

test('a key keeps its other events if the one that came back from its only subscriber leaves it at rest', async () => {
  const rig = new EngineRig([ride], []);
  rig.happens(Asked, { ride: 'r-1' });
  await rig.advance();
  const { run, n, owner } = await subscriptionOf(rig, 'default#ride#r-1');
  rig.happens(Moved, { driver: 'd-1' }, 'm-1');
  rig.happens(Left, { ride: 'r-1' });
  await rig.advance();
  rig.happens(Moved, { driver: 'd-1' }, 'm-2');
  await rig.advance();
  expect(((await rig.head(owner)) as Head).early).toHaveLength(2);
  const data = { process: 'ride', event: 'drivers.moved', key: 'd-1' };
  const commandid = buildCommandId('default#ride#r-1', run, n);
  const command = { tutti: 'command', commandid, owner, command: SUBSCRIBE, depth: 0, data, hops: 0 };
  // A late duplicate of the subscription that has ended.
  rig.operates({ ...command, datahash: `sha256:${sha256(canonical(data))}`, time: new Date(rig.clock.now()).toISOString() } as never);
  await rig.advance();
  expect((await rig.head(owner)) as Head).toMatchObject({ status: 'early', due: rig.clock.now() + 86_400_000 });
  rig.happens(Asked, { ride: 'r-2' });
  await rig.advance();
  expect(await receivedBy(rig, 'default#ride#r-2')).toEqual(['m-1', 'm-2']);
});
