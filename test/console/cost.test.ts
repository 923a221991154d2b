import { expect, test } from 'vitest';
import { billUsd } from '../../bench/bill.ts';
import { tuttiBill } from '../../bench/bills.ts';
import { countBooking } from '../../bench/booking-counts.ts';
import { runBookings, tripWorld } from '../../bench/counted-cases.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import type { ClientPorts } from '../../lib/client/connection.ts';
import { operationsApi } from '../../lib/console/operations-api.ts';
import { readPrices, US_EAST_1 } from '../../lib/console/prices.ts';
import type { CostView } from '../../lib/console/views.ts';
import { systemContract } from '../../lib/contract/system.ts';

const PLACE = { place: 'the stack trips', option: '--stack trips' };

test('the cost of a booking, counted from its journal, is that of docs/cost.md', async () => {
  const world = tripWorld(false);
  await runBookings(world, 5, {});
  const { processStore, instanceIndex, payloadStore, parkingStore, clock } = world.state;
  const ports = {
    store: processStore,
    index: instanceIndex,
    payloads: payloadStore,
    parking: parkingStore,
    clock,
  } as unknown as ClientPorts;
  const get = async (path: string, region?: string): Promise<CostView> => {
    const api = operationsApi({ system: systemContract(trips), ports }, { ...PLACE, ...(region !== undefined && { region }) });
    return (await (await api(new Request(`http://x${path}`))).json()) as CostView;
  };
  const { rows, region, assumptions } = await get('/api/cost?process=book-trip');
  expect(rows).toHaveLength(1);
  const [row] = rows;
  expect(row).toMatchObject({ process: 'book-trip', version: 1, instances: 5 });
  const counted = billUsd(tuttiBill(await countBooking(1, false)));
  expect((row?.usd ?? 0) * 1_000_000).toBeCloseTo(counted, 1);
  expect(region).toBe('us-east-1');
  expect(assumptions[0]).toMatch(/^The calls are counted/);
  const one = await get('/api/instances/book-trip/cart-10000/cost', 'eu-central-1');
  expect(one.rows[0]?.usd).toBeCloseTo(row?.usd ?? 0, 7);
  expect(one.assumptions[0]).toContain('those of eu-central-1 differ by some percent. tutti prices eu-central-1 prints them');
});

test('a list of prices replaces that of us-east-1, and must have each price', () => {
  const prices = { ...US_EAST_1, region: 'eu-central-1', writeUnit: 0.7 };
  expect(readPrices(prices)).toEqual(prices);
  expect(() => readPrices({ ...prices, writeUnit: '0.7' })).toThrow('The list of prices.writeUnit is "0.7": expected a number');
  expect(() => readPrices({ region: 'eu-central-1' })).toThrow('has no member of');
});
