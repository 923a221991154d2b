import { readdirSync, readFileSync } from 'node:fs';
import { system } from 'tutti';
import {
  answered,
  calls,
  everyCrash,
  given,
  happened,
  nothing,
  recordJournal,
  replayJournal,
  simulate,
  undoes,
  waits,
  type World,
} from 'tutti/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { placeForeignSystems } from '../foreign-systems/ledger.ts';
import { adjustTrade } from './adjust-trade.ts';
import { adjustLate, decideAll } from './back-office/clerk.ts';
import { house } from './clearing/house.ts';
import { backOffice, clearing, exchange, FillReported, OrderPlaced, risk, type Report } from './contracts.ts';
import { floor } from './exchange/floor.ts';
import { reservedCents } from './risk/service.ts';
import type { Hours } from './hours.ts';
import { services } from './services.ts';
import { settlementBy, settleTrade } from './settle-trade.ts';
import { trading } from './system.ts';

const order = { orderId: 't-1', account: 'ada', share: 'ACME', side: 'buy', quantity: 100, limitCents: 5_000 } as const;
const first: Report = { orderId: 't-1', fill: 'f-1', number: 1, quantity: 60, cents: 4_990 };
const second: Report = { orderId: 't-1', fill: 'f-2', number: 2, quantity: 40, cents: 5_000 };
/** Corrects the first fill. */
const third: Report = { orderId: 't-1', fill: 'f-1', number: 3, quantity: 60, cents: 4_980 };
/** On Friday at 10:00 in New York. Its clocks change before Monday. */
const FRIDAY = '2026-10-30T14:00:00Z';
const journals = new URL('journals/', import.meta.url);

beforeEach(() => placeForeignSystems('memory'));

async function placed(world: World): Promise<void> {
  await world.client.publish(OrderPlaced, order, { id: 'placed' });
  await world.settle();
}

async function reported(world: World, ...reports: readonly Report[]): Promise<void> {
  for (const report of reports) {
    floor.tell(report);
    await world.client.publish(FillReported, report, { id: `report-${report.number}` });
  }
  await world.settle();
}

const booked = () => house.entriesOf('t-1').map(({ fill, quantity, cents, because }) => [fill, quantity, cents, because]);

describe('settle-trade decides', () => {
  const matched = [happened(OrderPlaced, order), answered(exchange.match, { matchId: 'm-1' })] as const;
  const executed = [...matched, answered(risk.reserve, { reservationId: 'r-1' }), answered(exchange.execute, null)] as const;

  test('an order is matched before its risk is checked, and executed after', async () => {
    await given(settleTrade).when(happened(OrderPlaced, order)).expect(calls(exchange.match, order));
    await given(settleTrade, happened(OrderPlaced, order))
      .when(answered(exchange.match, { matchId: 'm-1' }))
      .expect(calls(risk.reserve, { account: 'ada', cents: 500_000 }));
    await given(settleTrade, ...matched)
      .when(answered(risk.reserve, { reservationId: 'r-1' }))
      .expect(calls(exchange.execute, { matchId: 'm-1' }));
  });

  test('an order beyond the limit of its account gives its match back', async () => {
    await given(settleTrade, ...matched)
      .when(answered(risk.reserve, risk.reserve.errors.LimitExceeded({ freeCents: 0 })))
      .expect(undoes(exchange.match));
  });

  test('a report that comes too early waits for the one before it', async () => {
    const trade = given(settleTrade, ...executed);
    await trade.when(happened(FillReported, second)).expect(nothing());
    await given(settleTrade, ...executed, happened(FillReported, second))
      .when(happened(FillReported, first))
      .expect(waits(FillReported));
  });
});

describe('a trade', () => {
  test('of Friday settles on Monday at 09:30 in New York, with the corrections until then and across the change of the clocks', async () => {
    const world = simulate(trading, { services, at: FRIDAY });
    await placed(world);
    await reported(world, second, first);
    await world.advance('6 hours'); // 16:00 in New York: the market has closed
    await reported(world, third);
    await world.advance('3989 minutes'); // Monday, 14:29 UTC
    expect(world.calls(clearing.settle)).toEqual([]);
    expect(reservedCents('ada')).toBe(500_000);
    await world.advance('1 minute');
    expect(booked()).toEqual([
      ['f-1', 60, 298_800, 'settled on 2026-11-02'],
      ['f-2', 40, 200_000, 'settled on 2026-11-02'],
    ]);
    expect(reservedCents('ada')).toBe(0);
    expect((await world.client.query(settleTrade, 't-1')).settled).toBe(true);
    await world.advance('5 days');
    expect(await world.client.result(settleTrade, 't-1')).toMatchObject({ status: 'settled', reports: 3 });
    recordJournal(world, settleTrade, 't-1', new URL('settled.json', journals));
  });

  test.each([
    [first, second, third],
    [first, third, second],
    [second, first, third],
    [second, third, first],
    [third, first, second],
    [third, second, first],
  ])('settles the same in each order of its reports: %#', async (...reports) => {
    const world = simulate(trading, { services, at: FRIDAY });
    await placed(world);
    await reported(world, ...reports);
    await world.advance('4 days');
    expect(house.standing('t-1')).toEqual({ quantity: 100, cents: 498_800 });
    expect(world.calls(clearing.settle)).toHaveLength(1);
  });

  test('asks the exchange at the close for a report that the bus has lost', async () => {
    const world = simulate(trading, { services, at: FRIDAY });
    await placed(world);
    floor.tell(first); // it is never published
    await reported(world, second);
    await world.advance('5 hours');
    expect(await world.client.describe(settleTrade, 't-1')).toMatchObject({ status: 'running' });
    await world.advance('1 hour');
    expect((await world.client.query(settleTrade, 't-1')).fills).toHaveLength(2);
    await world.advance('4 days');
    expect(house.standing('t-1')).toEqual({ quantity: 100, cents: 499_400 });
    recordJournal(world, settleTrade, 't-1', new URL('lost-report.json', journals));
  });

  test('settles after a holiday of the clearing house', async () => {
    const world = simulate(trading, { services, at: '2026-11-25T15:00:00Z' }); // the day before Thanksgiving
    await placed(world);
    await reported(world, first);
    await world.advance('3 days');
    expect(world.calls(clearing.settle).map(({ day }) => day)).toEqual(['2026-11-26', '2026-11-27']);
    expect(booked()).toEqual([['f-1', 60, 299_400, 'settled on 2026-11-27']]);
  });

  test('settles after an outage of the clearing house that lasts for days', async () => {
    const world = simulate(trading, { services, at: FRIDAY });
    await placed(world);
    await reported(world, first);
    await world.advance('1 day');
    world.down(clearing, '8 days');
    await world.advance('7 days');
    expect(booked()).toEqual([]);
    await world.advance('2 days');
    expect(booked()).toEqual([['f-1', 60, 299_400, 'settled on 2026-11-02']]);
  });

  test('without a fill expires and frees its reservation', async () => {
    const world = simulate(trading, { services, at: FRIDAY });
    await placed(world);
    await world.advance('4 days');
    expect(await world.client.result(settleTrade, 't-1')).toEqual({ status: 'expired' });
    expect(reservedCents('ada')).toBe(0);
    expect(world.calls(clearing.settle)).toEqual([]);
    recordJournal(world, settleTrade, 't-1', new URL('expired.json', journals));
  });

  test('beyond the limit of its account fails, and the exchange gets its match back', async () => {
    const world = simulate(trading, { services, at: FRIDAY });
    await world.client.publish(OrderPlaced, { ...order, quantity: 100_000 });
    await expect(world.client.result(settleTrade, 't-1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(floor.states()).toEqual(['released']);
    recordJournal(world, settleTrade, 't-1', new URL('beyond-limit.json', journals));
  });

  test('without another side fails, and reserves nothing', async () => {
    const world = simulate(trading, { services, at: FRIDAY });
    await world.client.publish(OrderPlaced, { ...order, share: 'UNLISTED' });
    await expect(world.client.result(settleTrade, 't-1')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(world.calls(risk.reserve)).toEqual([]);
  });
});

describe('a correction', () => {
  /** A trade that settles on Tuesday; the books of its week close on Friday. */
  const settled = async (): Promise<World> => {
    const world = simulate(trading, { services, at: '2026-11-02T15:00:00Z' });
    await placed(world);
    await reported(world, first, second);
    await world.advance('1 day');
    expect(house.standing('t-1')).toEqual({ quantity: 100, cents: 499_400 });
    return world;
  };
  const adjusted = ['f-1', 0, -600, 'approved by clara'];

  test('after the settlement is an entry of its own, once a clerk approves it', async () => {
    const world = await settled();
    await reported(world, third);
    await world.advance('1 day');
    expect(booked()).toHaveLength(2);
    await decideAll(world.client, true);
    expect(await world.client.result(adjustTrade, 't-1.3')).toEqual({ status: 'booked', by: 'clara' });
    expect(booked().at(-1)).toEqual(adjusted);
    recordJournal(world, adjustTrade, 't-1.3', new URL('adjusted.json', journals));
    await world.advance('5 days');
    expect(await world.client.result(settleTrade, 't-1')).toMatchObject({ reports: 3 });
    recordJournal(world, settleTrade, 't-1', new URL('corrected.json', journals));
  });

  test('that a clerk declines changes no book', async () => {
    const world = await settled();
    await reported(world, third);
    await decideAll(world.client, false);
    expect(await world.client.result(adjustTrade, 't-1.3')).toEqual({ status: 'declined', by: 'clara' });
    expect(booked()).toHaveLength(2);
  });

  test('waits for its clerk longer than its trade lasts', async () => {
    const world = await settled();
    await reported(world, third);
    await world.advance('10 days');
    expect(await world.client.result(settleTrade, 't-1')).toMatchObject({ status: 'settled' });
    await decideAll(world.client, true);
    await world.settle();
    expect(house.standing('t-1')).toEqual({ quantity: 100, cents: 498_800 });
  });

  test('after the close of the books is parked, and booked by the back office once', async () => {
    const world = await settled();
    await world.advance('7 days');
    expect(await world.client.result(settleTrade, 't-1')).toMatchObject({ status: 'settled', reports: 2 });
    await reported(world, third);
    expect((await world.client.describe(settleTrade, 't-1')).parked).toEqual({ CLOSED: 1 });
    await adjustLate(world.client, 't-1');
    await adjustLate(world.client, 't-1');
    await world.settle();
    await decideAll(world.client, true);
    expect(await world.client.result(adjustTrade, 't-1.3')).toEqual({ status: 'booked', by: 'clara' });
    expect(booked().at(-1)).toEqual(adjusted);
    expect(world.journal(settleTrade, 't-1').at(-1)).toMatchObject({ type: 'ProcessCompleted' });
  });

  test('that is older than what is booked changes nothing', async () => {
    const world = await settled();
    await reported(world, third, { ...third, number: 4, cents: 4_970 });
    for (const number of [4, 3]) {
      const command = `command of report ${number}`;
      house.book(command, 't-1', { ...third, number, cents: number === 4 ? 4_970 : 4_980 }, command);
    }
    expect(house.standing('t-1')).toEqual({ quantity: 100, cents: 498_200 });
  });
});

describe('after a crash at any step', () => {
  /** Each phase of a trade ends with the next ten minutes, which leaves time for the recovery. */
  const soon = { cron: '*/10 * * * *', zone: 'America/New_York' };
  const hours: Hours = { marketCloses: soon, settles: soon, booksClose: soon };
  const fastMarket = system('trading', { processes: [settlementBy(hours), adjustTrade], services: [exchange, risk, clearing, backOffice] });

  test('each fill is settled once', async () => {
    await everyCrash(fastMarket, { services, at: FRIDAY }, async (world) => {
      placeForeignSystems('memory');
      await placed(world);
      await reported(world, second, first);
      await world.advance('23 minutes');
      expect(booked()).toEqual([
        ['f-1', 60, 299_400, 'settled on 2026-10-30'],
        ['f-2', 40, 200_000, 'settled on 2026-10-30'],
      ]);
      expect(reservedCents('ada')).toBe(0);
    });
  }, 60_000);

  test('a correction is booked once', async () => {
    await everyCrash(trading, { services, at: FRIDAY }, async (world) => {
      placeForeignSystems('memory');
      await world.client.start(adjustTrade, third, { id: 't-1.3', onOpen: 'attach' });
      await world.settle();
      await decideAll(world.client, true);
      expect(await world.client.result(adjustTrade, 't-1.3')).toEqual({ status: 'booked', by: 'clara' });
      expect(booked()).toEqual([['f-1', 60, 298_800, 'approved by clara']]);
    });
  });
});

const recorded = readdirSync(journals).filter((name) => name.endsWith('.json'));

test('the folder has journals to replay', () => {
  expect(recorded).not.toEqual([]);
});

test.each(recorded)('the journal %s replays on this code without a difference', async (name) => {
  expect(await replayJournal(trading, JSON.parse(readFileSync(new URL(name, journals), 'utf8')))).toEqual([]);
});
