import { aws, connect } from 'tutti/client';
import { beforeAll, expect, test } from 'vitest';
import { EACH_MINUTE } from '../../examples/trade-settlement/hours.ts';
import { minuteMarket } from '../../examples/trade-settlement/minute-market.ts';
import { settlementBy } from '../../examples/trade-settlement/settle-trade.ts';
import { findDeployment, type Deployment } from './outside/deployment.ts';
import { journalOf, pidOf } from './outside/head.ts';
import { publish } from './outside/publish.ts';
import { until } from './outside/until.ts';
import { runCdk } from './program.ts';

const { name } = minuteMarket;
let trading: Deployment;

beforeAll(async () => {
  await runCdk('trading-app.ts', ['bootstrap', 'aws://000000000000/us-east-1']);
  await runCdk('trading-app.ts', ['deploy', '--require-approval', 'never']);
  trading = await findDeployment(name);
});

test('a trade settles on the next day of its market, with reports that came in another order', { timeout: 300_000 }, async () => {
  const market = connect(minuteMarket, aws({ name }));
  const orderId = `order-${Date.now().toString(36)}`;
  const order = { orderId, account: 'ada', share: 'ACME', side: 'buy', quantity: 100, limitCents: 5_000 };
  await publish(trading, 'desk.order-placed', order);
  await publish(trading, 'exchange.fill-reported', { orderId, number: 2, fill: 'f-2', quantity: 40, cents: 5_000 });
  await publish(trading, 'exchange.fill-reported', { orderId, number: 1, fill: 'f-1', quantity: 60, cents: 4_990 });
  // The market closes with one minute and settles with the next; sweep-timers looks once a minute.
  const settled = await until(
    'the trade to be settled',
    async () => {
      const view = await market.query(settlementBy(EACH_MINUTE), orderId).catch(() => undefined);
      return view?.settled && view;
    },
    { withinSeconds: 240, report: () => journalOf(trading, pidOf('settle-trade', orderId)) },
  );
  expect(settled.fills.map(({ fill }) => fill)).toEqual(['f-1', 'f-2']);
});
