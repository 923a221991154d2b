import { readdirSync, readFileSync } from 'node:fs';
import {
  answered,
  calls,
  completes,
  everyCrash,
  given,
  happened,
  passed,
  recordJournal,
  replayJournal,
  simulate,
  sleeps,
} from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { mail } from '../foreign-systems/mail.ts';
import { CartChanged, notifications, PageViewed, Purchased, recommendations } from './contracts.ts';
import { personalise } from './personalise.ts';
import { services } from './services.ts';
import { personalisation } from './system.ts';

const visit = { visitId: 'v-1', userId: 'ada' };
const tent = { ...visit, item: 'tent' };
const journals = new URL('journals/', import.meta.url);

beforeEach(() => placeForeignSystems('memory'));

describe('personalise decides', () => {
  test('the first page of a visit begins 30 seconds, and a second page in them nothing', async () => {
    await given(personalise).when(happened(PageViewed, tent)).expect(sleeps('30 seconds'), sleeps('1 day'));
    await given(personalise, happened(PageViewed, tent))
      .when(happened(PageViewed, { ...visit, item: 'rope' }))
      .expect(sleeps('1 day'));
  });

  test('after 30 seconds recommendations are computed from all pages and the cart', async () => {
    await given(personalise, happened(PageViewed, tent), happened(CartChanged, { ...visit, items: ['rope'] }))
      .when(passed('30 seconds'))
      .expect(calls(recommendations.compute, { seen: ['tent'], cart: ['rope'] }));
  });

  test('a purchase empties the cart, so the end of the visit sends no reminder', async () => {
    const bought = [happened(CartChanged, { ...visit, items: ['tent'] }), happened(Purchased, { ...visit, items: ['tent'] })] as const;
    await given(personalise, ...bought, passed('1 minute'), answered(recommendations.compute, { items: [] }))
      .when(passed('1 day'))
      .expect(completes({ seen: 0, left: 0 }));
  });
});

describe('a visit', () => {
  test('of five minutes computes recommendations at most once in 30 seconds', async () => {
    const world = simulate(personalisation, { services });
    for (let page = 0; page < 60; page += 1) {
      await world.client.publish(PageViewed, { ...visit, item: page % 2 === 0 ? 'tent' : `page ${page}` });
      await world.advance('5 seconds');
    }
    const computed = world.calls(recommendations.compute);
    expect(computed.length).toBeGreaterThan(5);
    expect(computed.length).toBeLessThanOrEqual(10);
    expect(computed.at(-1)?.seen).toHaveLength(20);
    expect((await world.client.query(personalise, 'v-1')).recommended).toEqual(['sleeping bag', 'camping stove', 'head lamp']);
  });

  test('with a cart ends a day after its last event, with one reminder', async () => {
    const world = simulate(personalisation, { services });
    await world.client.publish(CartChanged, { ...visit, items: ['tent'] });
    await world.advance('20 hours');
    await world.client.publish(CartChanged, { ...visit, items: ['tent', 'rope'] });
    await world.advance('23 hours');
    expect(mail.to('ada@example.com')).toEqual([]);
    await world.advance('1 hour');
    expect(mail.to('ada@example.com')).toEqual(['Still in your cart: tent, rope.']);
    expect(await world.client.result(personalise, 'v-1')).toEqual({ seen: 0, left: 2 });
    await world.advance('30 days');
    expect(world.calls(notifications.remind)).toHaveLength(1);
  });

  test('that is over ignores a late page', async () => {
    const world = simulate(personalisation, { services });
    await world.client.publish(PageViewed, tent);
    await world.advance('25 hours');
    await world.client.publish(PageViewed, tent);
    await world.settle();
    expect(await world.client.describe(personalise, 'v-1')).toMatchObject({ status: 'completed', parked: {} });
  });

  test('keeps its recommendations if they cannot be computed again in time', async () => {
    const world = simulate(personalisation, { services });
    await world.client.publish(PageViewed, tent);
    await world.advance('1 minute');
    const { recommended } = await world.client.query(personalise, 'v-1');
    world.down(recommendations, '1 hour');
    await world.client.publish(PageViewed, { ...visit, item: 'kayak' });
    await world.advance('2 hours');
    expect(recommended).toHaveLength(3);
    expect((await world.client.query(personalise, 'v-1')).recommended).toEqual(recommended);
  });
});

test('the visits of visits.jsonl end as README.md describes', async () => {
  const world = simulate(personalisation, { services });
  for (const line of readFileSync(new URL('visits.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')) {
    const { type, data } = JSON.parse(line) as { type: string; data: { visitId: string; userId: string; item: string; items: string[] } };
    const event = [CartChanged, Purchased].find((each) => each.type === type);
    await (event === undefined ? world.client.publish(PageViewed, data) : world.client.publish(event, data));
    await world.advance('1 second');
  }
  await world.advance('2 days');
  expect(await world.client.result(personalise, 'v-1')).toEqual({ seen: 2, left: 0 });
  expect(await world.client.result(personalise, 'v-2')).toEqual({ seen: 1, left: 2 });
  expect(await world.client.result(personalise, 'v-3')).toEqual({ seen: 1, left: 0 });
  expect(['ada', 'ben', 'chloe'].map((user) => mail.to(`${user}@example.com`).length)).toEqual([0, 1, 0]);
  for (const id of ['v-1', 'v-2', 'v-3']) recordJournal(world, personalise, id, new URL(`${id}.json`, journals));
});

test('a cart is remembered once, after a crash at any step', async () => {
  await everyCrash(personalisation, { services }, async (world) => {
    placeForeignSystems('memory');
    await world.client.publish(PageViewed, tent, { id: 'viewed' });
    await world.client.publish(CartChanged, { ...visit, items: ['tent'] }, { id: 'changed' });
    expect(await world.client.result(personalise, 'v-1')).toEqual({ seen: 1, left: 1 });
    await world.settle();
    expect(mail.to('ada@example.com')).toEqual(['Still in your cart: tent.']);
  });
});

const recorded = readdirSync(journals).filter((name) => name.endsWith('.json'));

test('the folder has journals to replay', () => {
  expect(recorded).not.toEqual([]);
});

test.each(recorded)('the journal %s replays on this code without a difference', async (name) => {
  expect(await replayJournal(personalisation, JSON.parse(readFileSync(new URL(name, journals), 'utf8')))).toEqual([]);
});
