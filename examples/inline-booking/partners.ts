import type { StepTask } from 'tutti';
import { Ledger } from '../foreign-systems/ledger.ts';
import { overTheNetwork } from '../foreign-systems/network.ts';

type Deal = { readonly key: string; readonly reference: string; readonly what: string };

/** A partner with an HTTP interface, simulated: it takes idempotency keys, and is sold out of what is named so. */
const partner = (name: string) => {
  const deals = new Ledger<Deal>(name);
  const once = async (what: string, { commandId, signal }: StepTask): Promise<Deal> => {
    await overTheNetwork(50, signal);
    return deals.once(commandId, (count) => ({ key: commandId, reference: `${name}-${count}`, what }));
  };
  const make = async (what: string, task: StepTask): Promise<{ reference: string }> => {
    if (what.startsWith('sold out')) throw task.fail(`${name}: ${what}`);
    return { reference: (await once(what, task)).reference };
  };
  return { deals: () => deals.entries(), make, take: (reference: string, task: StepTask) => once(`back ${reference}`, task) };
};
const [payments, seats, rooms] = [partner('bank'), partner('airline'), partner('hotels')];

export const bank = {
  deals: payments.deals,
  charge: (card: string, cents: number, task: StepTask) => payments.make(`${cents} cents of ${card}`, task),
  refund: payments.take,
};
export const airline = { deals: seats.deals, book: seats.make, cancel: seats.take };
export const hotels = { deals: rooms.deals, book: rooms.make, cancel: rooms.take };
