import * as z from 'zod';
import { command, event, process, service, system, versions } from 'tutti';
import { scripted, simulate } from 'tutti/testing';
import { expect, test } from 'vitest';

const Asked = event('bank.asked', z.object({ id: z.string() }));
const Signed = event('bank.signed', z.object({ id: z.string() }));
const V1 = z.object({ amount: z.int() });
const V2 = z.object({ amount: z.int(), currency: z.string() });
const Paid = z.object({ transfer: z.string() });

/** The build of the payouts team. The process of the bank belongs to another team and does not change. */
const build = (parts: { readonly input?: typeof V1; readonly undo?: (transfer: string) => string } = {}) => {
  const { input = V1, undo = (transfer) => transfer } = parts;
  const recall = command({ input: Paid });
  const pay = command({ input, output: Paid, undo: { command: recall, input: (_paid, { transfer }) => ({ transfer: undo(transfer) }) } });
  const payout = service('payout', { pay, recall });
  const lend = process(
    'lend',
    { startOn: Asked.byId((asked) => asked.id), receives: [Signed.byId((signed) => signed.id)], errors: { Refused: z.object({}) } },
    async (ctx) => {
      await ctx.call(payout.pay, { amount: 1 });
      if (!(await ctx.waitFor(Signed, { timeout: '30 days' }))) throw ctx.errors.Refused({});
      await ctx.call(payout.pay, { amount: 2 });
    },
  );
  const paying = scripted(payout, { pay: async ({ amount }) => ({ transfer: `t-${amount}` }), recall: async () => {} });
  return { payout, lend, paying, bank: system('bank', { processes: [lend], services: [payout] }) };
};

const versioned = versions(V1).next(V2, (old) => ({ ...old, currency: 'EUR' })) as unknown as typeof V1;

test('an input that gains a version while runs are open reaches the service in the newest version after the deploy', async () => {
  const [before, after] = [build(), build({ input: versioned })];
  const world = simulate(before.bank, { services: [before.paying] });
  await world.client.publish(Asked, { id: 'a' });
  await world.advance('1 day');
  world.deploy(after.bank, { services: [after.paying] });
  await world.client.publish(Signed, { id: 'a' });
  await world.settle();
  expect((await world.client.describe(after.lend, 'a')).status).toBe('completed');
  expect(world.calls(after.payout.pay)).toEqual([{ amount: 1 }, { amount: 2, currency: 'EUR' }]);
  // The previous build is back: it replays the decisions of the newer one.
  await world.client.publish(Asked, { id: 'b' });
  await world.advance('1 day');
  world.deploy(before.bank, { services: [before.paying] });
  await world.client.publish(Signed, { id: 'b' });
  await world.settle();
  expect((await world.client.describe(before.lend, 'b')).status).toBe('completed');
});

test('a command that waits for a service that is down reaches the newer service in the version that it was sent with, and is upcast there', async () => {
  const [before, after] = [build(), build({ input: versioned })];
  const world = simulate(before.bank, { services: [before.paying] });
  world.down(before.payout, '1 hour');
  await world.client.publish(Asked, { id: 'a' });
  await world.settle();
  world.deploy(after.bank, { services: [after.paying] });
  await world.advance('2 hours');
  expect(world.calls(after.payout.pay)).toEqual([{ amount: 1, currency: 'EUR' }]);
});

test('an undo that is issued after a deploy uses the new contract, and an undo that was issued before it does not change', async () => {
  const [before, after] = [build(), build({ undo: (transfer) => `${transfer} by number` })];
  const world = simulate(before.bank, { services: [before.paying] });
  await world.client.publish(Asked, { id: 'later' });
  await world.advance('1 day');
  world.deploy(after.bank, { services: [after.paying] });
  await world.advance('31 days');
  expect(world.calls(after.payout.recall)).toEqual([{ transfer: 't-1 by number' }]);

  const other = simulate(before.bank, { services: [before.paying] });
  await other.client.publish(Asked, { id: 'sooner' });
  await other.advance('29 days');
  await other.advance('23 hours');
  other.down(before.payout, '3 hours');
  await other.advance('2 hours');
  other.deploy(after.bank, { services: [after.paying] });
  await other.advance('3 hours');
  expect(other.calls(after.payout.recall)).toEqual([{ transfer: 't-1' }]);
});
