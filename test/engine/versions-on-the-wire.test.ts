import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, versions, type AnyProcess, type AnyService, type Json } from 'tutti';
import type { EventEnvelope } from '../../lib/contract/wire/envelope.ts';
import type { Schema } from '../../lib/contract/schema.ts';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import { EngineRig } from './engine-rig.ts';

const V1 = z.object({ id: z.string() });
const V2 = z.object({ id: z.string(), place: z.string() });
const V3 = z.object({ id: z.string(), place: z.string(), by: z.string() });
const two = versions(V1).next(V2, ({ id }) => ({ id, place: 'here' }));
const three = two.next(V3, (old) => ({ ...old, by: 'van' }));

const Ordered = event('shop.ordered', V1);

/** The contract of the command and of the event, as one build of the system has them. */
const build = (schema: Schema): readonly [AnyProcess, AnyService] => {
  const data = schema as typeof V1;
  const Asked = event('trips.asked', data);
  const depot = service('depot', { pick: command({ input: data, retry: { within: '1 day' } }) });
  const ship = process('ship', { startOn: Ordered.byId((order) => order.id), publishes: [Asked] }, async (ctx, { id }) => {
    ctx.publish(Asked, { id });
    await ctx.call(depot.pick, { id });
  });
  return [ship, depot];
};

interface Heard {
  readonly dataversion: number | undefined;
  readonly data: Json | undefined;
}

const heard = async (rig: EngineRig): Promise<readonly Heard[]> => {
  rig.happens(Ordered, { id: 'o-1' }, 'e-1');
  await rig.advanceCold();
  const event = JSON.parse(rig.published.at(-1)!.detail) as EventEnvelope;
  const [command] = await rig.commands('depot');
  return [command!, event].map(({ dataversion, data }) => ({ dataversion, data }));
};

test.each<[string, Schema, Schema, number | undefined, Json]>([
  ['a contract that had no versions', V1, two, undefined, { id: 'o-1' }],
  ['the first of several versions', versions(V1), two, undefined, { id: 'o-1' }],
  ['a version between others', two, three, 2, { id: 'o-1', place: 'here' }],
  ['a version that a build which was rolled back does not know', two, versions(V1), 2, { id: 'o-1', place: 'here' }],
])('a command that was decided under %s is sent again with its version', async (_case, before, after, dataversion, data) => {
  const [ship, depot] = build(before);
  const first = new EngineRig([ship], [depot]);
  const sent = await heard(first);
  expect(sent).toEqual([
    { dataversion, data },
    { dataversion, data },
  ]);
  const [shipAfter, depotAfter] = build(after);
  expect(await heard(new EngineRig([shipAfter], [depotAfter], { store: first.store, random: 0.7 }))).toEqual(sent);
});

test('a start that was sent before its input gained a version begins with the newest', async () => {
  const join = process('join', { input: two }, async (ctx) => {
    await ctx.sleep('1 day');
  });
  const rig = new EngineRig([join], []);
  const start = {
    tutti: 'start',
    startid: 's-1',
    tenant: 'default',
    process: 'join',
    id: 'j-1',
    data: { id: 'j-1' },
    time: '2026-01-01T00:00:00.000Z',
    by: 'a',
  } as const;
  await rig.sender.send('inbox', [{ body: inboxBody(start), groupId: '' }]);
  await rig.advance();
  const { tail = [] } = (await rig.head('default#join#j-1')) ?? {};
  expect(JSON.parse(tail[0] ?? '{}')).toMatchObject({ type: 'ProcessStarted', data: { id: 'j-1', place: 'here' } });
});
