import { toolsOf } from 'tutti';
import { serve } from 'tutti/service';
import { Ledger } from '../foreign-systems/ledger.ts';
import { desk, model, people } from './contracts.ts';
import { complete } from './language-model.ts';

const ORDERS: Readonly<Record<string, { readonly item: string; readonly paidCents: number }>> = {
  'o-17': { item: 'lamp', paidCents: 4_900 },
  'o-18': { item: 'sofa', paidCents: 89_000 },
};

export const refunds = new Ledger<{ readonly key: string; readonly orderId: string; readonly cents: number }>('refunds');
/** The worklist of the support team. The token answers the command: `client.complete(people.approve, token, { approved })`. */
export const approvals = new Ledger<{ readonly key: string; readonly chat: string; readonly token: string }>('approvals');

/** All services in one process, for `tutti dev` and the tests. */
export const services = [
  serve(model, {
    // The definitions of the tools stay out of the process: they change with a deploy, and a replay compares what a process passes.
    complete: async ({ messages }) => complete(messages, toolsOf(desk)),
  }),
  serve(desk, {
    lookUpOrder: async ({ orderId }, task) => {
      const order = ORDERS[orderId];
      if (!order) throw task.errors.NoSuchOrder({ orderId });
      return order;
    },
    refund: async ({ orderId, cents }, task) => {
      const paidCents = ORDERS[orderId]?.paidCents ?? 0;
      if (cents > paidCents) throw task.errors.TooMuch({ paidCents });
      const { key } = refunds.once(task.commandId, (count) => ({ key: task.commandId, orderId, cents, count }));
      return { refundId: key };
    },
  }),
  serve(people, {
    approve: async ({ chat }, task) => {
      approvals.once(task.commandId, () => ({ key: task.commandId, chat, token: task.token }));
      return task.defer();
    },
  }),
];
