import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FlowView, InstanceView, RefusalView, SystemView } from '../../lib/console/views.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { flowsOf } from '../../lib/flow/flows.ts';
import { storeFlows } from '../../lib/format/stored-flow.ts';
import { order } from '../client/shop-orders.ts';
import { reachedConsole, type ReachedConsole } from './reached-console.ts';

const SHOP = new URL('../client/shop-orders.ts', import.meta.url);
const CODE = '0123456789abcdef';
const importShop = async (url: string): Promise<Readonly<Record<string, unknown>>> =>
  (await import(url)) as Readonly<Record<string, unknown>>;

describe('the diagrams of the operations API', () => {
  let reached: ReachedConsole;
  const waits = (id: string): Promise<void> =>
    vi.waitFor(
      async () => expect((await reached.get<InstanceView>(`/api/instances/order/${id}`)).body.why).toContain('note-added'),
      10_000,
    );
  const nodeOf = ({ layout }: FlowView, label: string): string => layout.nodes.find((node) => node.label.includes(label))?.id ?? 'none';

  beforeAll(async () => {
    const flows = await flowsOf([SHOP.pathname], importShop);
    reached = await reachedConsole();
    const built = flows.map((flow) => ({ definition: `${flow.process}@${flow.version}`, code: CODE, flow: flow as unknown as Json }));
    await storeFlows(reached.store, built, 1_000);
    await reached.client.start(order, { orderId: 'o-1', item: 'lamp' });
  });
  afterAll(() => reached.close());

  test('the diagram of an instance has its progress, now and as after an earlier entry', async () => {
    await waits('o-1');
    const now = (await reached.get<FlowView>('/api/instances/order/o-1/flow')).body;
    const [take, wait] = [nodeOf(now, 'stock.take'), nodeOf(now, 'shop.note-added')];
    expect(now).toMatchObject({ process: 'order', version: 1, here: [wait], notes: [] });
    expect(now.progress?.[take]).toMatchObject({ state: 'done', times: 1 });
    expect(now.code).toBe(CODE);
    expect(now.svg).toMatch(/^<svg /);
    const past = (await reached.get<FlowView>('/api/instances/order/o-1/flow?at=1')).body;
    expect(past.progress?.[take]).toMatchObject({ state: 'running' });
    expect((await reached.get<RefusalView>('/api/instances/order/o-1/flow?at=99')).status).toBe(400);
  });

  test('the diagram of a definition counts the running instances at each node', async () => {
    await waits('o-1');
    const { body } = await reached.get<FlowView>('/api/flows/order');
    expect(body).toMatchObject({ sampled: 1, codes: [{ code: CODE }], counts: { [nodeOf(body, 'shop.note-added')]: 1 } });
    expect(body).not.toHaveProperty('progress');
    expect((await reached.get<SystemView>('/api/system')).body.processes[0]).toMatchObject({ name: 'order', calls: ['stock'] });
  });

  test('a definition without a graph is refused with a remedy', async () => {
    const { status, body } = await reached.get<RefusalView>('/api/flows/order?version=7');
    expect(status).toBe(404);
    expect(body.error.remedy).toContain('oxc-parser');
    expect((await reached.get('/api/flows/other')).status).toBe(404);
  });
});
