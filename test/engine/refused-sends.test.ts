import { expect, test } from 'vitest';
import { Checkout, flights, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';

test('a send of a cancel that no queue accepts is sent when the instance is resumed', async () => {
  const trip = tripOf(async (ctx) => {
    await ctx.call(flights.book, { to: 'LIS' });
    await ctx.sleep('1 day');
  });
  const rig = new EngineRig([trip], services);
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const [book] = await rig.commands('flights');
  await rig.answers(book!, 'completed', { reference: 'F1' });
  await rig.advance();
  rig.flights.refusing = true;
  rig.operates(operation('cancel', PID));
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'stuck' });
  rig.flights.refusing = false;
  rig.operates(operation('resume', PID));
  await rig.advance();
  expect((await rig.commands('flights')).map(({ undoes }) => undoes)).toEqual([book!.id]);
});
