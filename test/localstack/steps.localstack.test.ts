import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import { placeForeignSystems } from '../../examples/foreign-systems/ledger.ts';
import { airline, bank, hotels } from '../../examples/inline-booking/partners.ts';
import { findDeployment, type Deployment } from './outside/deployment.ts';
import { killOne } from './outside/function-processes.ts';
import { awaitStatus, pidOf, statusesOf } from './outside/head.ts';
import { logTails } from './outside/lambda.ts';
import { deedsFor } from './outside/ledger.ts';
import { publish } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { deployed, foreignSystems, INLINE, SUITE } from './suite-deployment.ts';

const ERRANDS = 12;
const BOOKINGS = 20;
const KILLS = 9;
/** The beginnings of the names of the functions to kill, in turn: both step runners, and the engine of the bookings. */
const KILLED = [`${SUITE}-TrialsSteps`, `${SUITE}-InlineSteps`, `${SUITE}-InlineFunctionsAdvance`];
const run = Date.now().toString(36);
let suite: Deployment;

beforeAll(async () => {
  suite = await deployed();
});

test('the step of a process that has a StepFunction runs in that function', { timeout: 120_000 }, async () => {
  const id = `${run}-delivery`;
  await publish(suite, 'trials.delivery-wanted', { id });
  await awaitStatus(suite, pidOf('delivery', id), 'completed');
  expect(await deedsFor(suite, pidOf('delivery', id))).toEqual([`courier: ${SUITE}-steps-courier`]);
});

test(
  'errands and bookings of examples/inline-booking do each step once, with what it has captured, while their functions are killed',
  { timeout: 400_000 },
  async () => {
    const host = inject('localStackProcesses');
    if (host === undefined) throw new Error('The functions of this LocalStack cannot be found: start it with `npm run localstack`.');
    const inline = await findDeployment(INLINE);
    const errands = Array.from({ length: ERRANDS }, (_, index) => `${run}-${index}`);
    const booked = Array.from({ length: BOOKINGS / 2 }, (_, index) => `${run}-booked-${index}`);
    const soldOut = Array.from({ length: BOOKINGS / 2 }, (_, index) => `${run}-sold-out-${index}`);
    await Promise.all([
      ...errands.map((id) => publish(suite, 'trials.errand-wanted', { id })),
      ...booked.map((id) => publish(inline, 'shop.cart-checked-out', cart(id, 'Lisbon'))),
      ...soldOut.map((id) => publish(inline, 'shop.cart-checked-out', cart(id, 'sold out: Lisbon'))),
    ]);
    const killed: string[] = [];
    await until(
      `${ERRANDS} errands and ${BOOKINGS} bookings to have ended`,
      async () => {
        const prefix = KILLED[killed.length % KILLED.length]!;
        const name = killed.length < KILLS ? killOne(host, prefix, (count) => Math.floor(Math.random() * count)) : undefined;
        if (name !== undefined) killed.push(name);
        await pause(250);
        return (await openOf(suite, 'errand', errands)) + (await openOf(inline, 'book-trip', [...booked, ...soldOut])) === 0;
      },
      { withinSeconds: 360, report: async () => `Killed: ${killed.join(', ')}.\n${await logTails(SUITE)}` },
    );
    expect(killed).toHaveLength(KILLS);
    for (const id of errands)
      expect(await deedsFor(suite, pidOf('errand', id))).toEqual(['steps: bakery-after-0', 'steps: market-after-1', 'steps: post-after-2']);
    for (const [ids, status] of [
      [booked, 'completed'],
      [soldOut, 'failed'],
    ] as const)
      expect(
        await statusesOf(
          inline,
          ids.map((id) => pidOf('book-trip', id)),
        ),
      ).toEqual(new Map(ids.map((id) => [pidOf('book-trip', id), status])));
    // A container has the ledgers of its own function only.
    if ('container' in host) return;
    for (const id of booked) expect(dealsFor(id)).toEqual(['129000 cents of tok_visa', 'BER-LIS', 'Lisbon']);
    for (const id of soldOut) expect(dealsFor(id)).toEqual(['129000 cents of tok_visa', 'back bank', 'BER-LIS', 'back airline']);
  },
);

const cart = (cartId: string, hotel: string): unknown => ({ cartId, card: 'tok_visa', total: 129_000, flight: 'BER-LIS', hotel });

/** The number of instances that are open or have not started yet. */
async function openOf(deployment: Deployment, process: string, ids: readonly string[]): Promise<number> {
  const statuses = await statusesOf(
    deployment,
    ids.map((id) => pidOf(process, id)),
  );
  return ids.length - [...statuses.values()].filter((status) => status === 'completed' || status === 'failed').length;
}

/** The deals of one booking with the bank, the airline and the hotels, without the numbers of the ones that it gives back. */
function dealsFor(id: string): readonly string[] {
  placeForeignSystems(foreignSystems());
  return [bank, airline, hotels].flatMap((partner) =>
    partner
      .deals()
      .filter(({ key }) => key.startsWith(`${pidOf('book-trip', id)}/`))
      .map(({ what }) => what.replace(/-\d+$/, '')),
  );
}
