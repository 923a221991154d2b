import { readFileSync } from 'node:fs';
import { answered, calls, everyCrash, given, happened, nothing, passed, recordJournal, simulate, sleeps } from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { AddedToCart, notifications, Purchased, purchases, recommendations, Viewed } from './contracts.ts';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { mail } from '../foreign-systems/mail.ts';
import { services } from './services.ts';
import { shop } from './system.ts';
import { userActivity } from './user-activity.ts';

beforeEach(() => placeForeignSystems('memory'));

describe('user-activity decides', () => {
  const tent = { userId: 'ada', item: 'tent' };

  test('the first view schedules a recomputation, and a second view within 30 seconds schedules nothing', async () => {
    await given(userActivity).when(happened(Viewed, tent)).expect(sleeps('30 seconds'));
    await given(userActivity, happened(Viewed, tent)).when(happened(Viewed, tent)).expect(nothing());
  });

  test('recommendations are recomputed from all views after 30 seconds, and the next view schedules the next recomputation', async () => {
    await given(userActivity, happened(Viewed, tent), happened(Viewed, { userId: 'ada', item: 'kayak' }))
      .when(passed('30 seconds'))
      .expect(calls(recommendations.compute, { userId: 'ada', seen: ['kayak', 'tent'], cart: [] }));
    await given(userActivity, happened(Viewed, tent), passed('30 seconds'), answered(recommendations.compute, { items: ['kayak'] }))
      .when(happened(Viewed, tent))
      .expect(sleeps('30 seconds'));
  });

  test('the user gets a reminder a day after the last addition to the cart', async () => {
    await given(
      userActivity,
      happened(AddedToCart, tent),
      passed('23 hours'),
      happened(AddedToCart, { userId: 'ada', item: 'paddle' }),
      passed('23 hours'),
    )
      .when(passed('1 hour'))
      .expect(calls(notifications.remind, { userId: 'ada', cart: ['tent', 'paddle'] }));
  });

  test('a purchase is processed and clears the reminder', async () => {
    const bought = { userId: 'ada', items: ['tent'] };
    await given(userActivity, happened(AddedToCart, tent)).when(happened(Purchased, bought)).expect(calls(purchases.process, bought));
    await given(userActivity, happened(AddedToCart, tent), happened(Purchased, bought), passed('1 minute'))
      .when(passed('2 days'))
      .expect(nothing());
  });
});

test('recommendations are recomputed at most once in 30 seconds, however active the user is', async () => {
  const world = simulate(shop, { services });
  for (let second = 0; second < 60; second++) {
    await world.client.publish(Viewed, { userId: 'ada', item: second % 2 === 0 ? 'tent' : 'kayak' });
    await world.advance('1 second');
  }
  await world.advance('1 hour');
  expect(world.calls(recommendations.compute).length).toBeLessThanOrEqual(2);
  expect(world.calls(recommendations.compute).at(-1)?.seen).toHaveLength(50);
});

test('a query returns the computed recommendations', async () => {
  const world = simulate(shop, { services });
  await world.client.publish(Viewed, { userId: 'ada', item: 'tent' });
  await world.settle();
  expect(world.calls(recommendations.compute)).toEqual([]);
  await world.advance('30 seconds');
  expect(await world.client.query(userActivity, 'ada')).toEqual({
    seen: ['tent'],
    cart: [],
    recommended: ['sleeping bag', 'camping stove', 'head lamp'],
  });
});

test('recommendations do not change for a user without views', async () => {
  const world = simulate(shop, { services });
  await world.client.publish(AddedToCart, { userId: 'ada', item: 'tent' });
  await world.advance('1 minute');
  expect(await world.client.query(userActivity, 'ada')).toEqual({ seen: [], cart: ['tent'], recommended: [] });
});

test('a cart that is left for a day causes one reminder, and each addition moves it', async () => {
  const world = simulate(shop, { services });
  await world.client.publish(AddedToCart, { userId: 'ada', item: 'tent' });
  await world.advance('20 hours');
  await world.client.publish(AddedToCart, { userId: 'ada', item: 'paddle' });
  await world.advance('20 hours');
  expect(mail.to('ada@example.com')).toEqual([]);
  await world.advance('4 hours');
  expect(mail.to('ada@example.com')).toEqual(['Still in your cart: tent, paddle.']);
  await world.advance('30 days');
  expect(world.calls(notifications.remind)).toHaveLength(1);
});

test('a purchase is processed, empties the cart and clears the reminder', async () => {
  const world = simulate(shop, { services });
  await world.client.publish(AddedToCart, { userId: 'ada', item: 'tent' });
  await world.settle();
  await world.client.publish(Purchased, { userId: 'ada', items: ['tent'] });
  await world.advance('3 days');
  expect(world.calls(purchases.process)).toEqual([{ userId: 'ada', items: ['tent'] }]);
  expect(world.calls(notifications.remind)).toEqual([]);
  expect((await world.client.query(userActivity, 'ada')).cart).toEqual([]);
});

test('each user has a state of its own', async () => {
  const world = simulate(shop, { services });
  await world.client.publish(Viewed, { userId: 'ada', item: 'tent' });
  await world.client.publish(Viewed, { userId: 'ben', item: 'kayak' });
  await world.advance('1 minute');
  expect((await world.client.query(userActivity, 'ada')).seen).toEqual(['tent']);
  expect((await world.client.query(userActivity, 'ben')).seen).toEqual(['kayak']);
});

test('the users of activity.jsonl get a reminder only if they have not bought', async () => {
  const world = simulate(shop, { services });
  for (const line of readFileSync(new URL('activity.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    const { type, data } = JSON.parse(line) as { type: string; data: { userId: string; item: string; items: string[] } };
    const event = [Viewed, AddedToCart].find((each) => each.type === type);
    await (event === undefined ? world.client.publish(Purchased, data) : world.client.publish(event, data));
    await world.advance('1 second');
  }
  await world.advance('2 days');
  expect(mail.to('ada@example.com')).toEqual([]);
  expect(mail.to('ben@example.com')).toEqual(['Still in your cart: paddle.']);
  expect(mail.to('chloe@example.com')).toEqual(['Still in your cart: tent.']);
  for (const user of ['ada', 'ben', 'chloe']) recordJournal(world, userActivity, user, new URL(`journals/${user}.json`, import.meta.url));
  expect((await world.client.query(userActivity, 'ben')).recommended).toEqual(['dry bag', 'kayak']);
});

test('a purchase is processed and causes no reminder, after a crash at any step', async () => {
  await everyCrash(shop, { services }, async (world) => {
    placeForeignSystems('memory');
    await world.client.publish(AddedToCart, { userId: 'ada', item: 'tent' }, { id: 'added' });
    await world.advance('1 hour');
    await world.client.publish(Purchased, { userId: 'ada', items: ['tent'] }, { id: 'purchased' });
    await world.advance('3 days');
    expect(new Set(world.calls(purchases.process).map((purchase) => purchase.items.join(',')))).toEqual(new Set(['tent']));
    expect(mail.to('ada@example.com')).toEqual([]);
  });
});
