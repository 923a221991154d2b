import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { Flow } from '../../lib/flow/flow.ts';
import { flowsOf } from '../../lib/flow/flows.ts';
import { layOut } from '../../lib/flow/layout.ts';
import { progressOf } from '../../lib/flow/progress.ts';
import { svgOf } from '../../lib/flow/svg.ts';
import { walk } from '../../lib/flow/walk.ts';

async function flowOf(module: string): Promise<Flow> {
  const [flow] = await flowsOf([module], async (url) => (await import(url)) as Record<string, unknown>);
  if (!flow) throw new TypeError(`${module} has no process`);
  return flow;
}

function journal(path: string): readonly JournalEntry[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly entries: readonly JournalEntry[] }).entries;
}

/** Each node that the run has reached, by its label, with its state. */
function states(flow: Flow, entries: readonly JournalEntry[]): Record<string, string> {
  const progress = progressOf(flow, entries, walk(flow, entries));
  const reached = flow.nodes.flatMap(({ id, label }) => {
    const at = progress.get(id);
    return at && at.times > 0 ? [[label, `${at.state} ${at.times}`] as const] : [];
  });
  return Object.fromEntries(reached);
}

test('a run in the middle has done, waiting and running nodes, and those that it has not reached have no progress', async () => {
  const flow = await flowOf('examples/order-fulfilment/fulfil-order.ts');
  const entries = journal('examples/order-fulfilment/journals/reminded.json').slice(0, 18);
  expect(states(flow, entries)).toEqual({
    start: 'done 1',
    'inventory.reserve': 'done 1',
    'notifications.notify': 'done 1',
    'remind the warehouse every day': 'done 1',
    'wait 1 day': 'waiting 3',
    'warehouse.remind': 'done 2',
    'orders.cancel-order': 'waiting 1',
    'warehouse.pack': 'waiting 1', // a deferred command, which a packer answers
  });
});

test('an undone booking shows what is undone, what failed and the code of its compensation', async () => {
  const flow = await flowOf('examples/travel-booking/book-trip.ts');
  expect(states(flow, journal('examples/travel-booking/journals/cancelled.json'))).toMatchObject({
    'payments.charge': 'undone 1',
    'flights.book': 'undone 1',
    'undo: tell the customer': 'undone 1',
    'notifications.notify': 'done 1',
  });
});

test('a choice and a fork between two nodes that the run has reached are reached too', async () => {
  const flow = await flowOf('examples/order-fulfilment/fulfil-order.ts');
  const entries = journal('examples/order-fulfilment/journals/o-1.json');
  const progress = progressOf(flow, entries, walk(flow, entries));
  const silent = flow.nodes
    .filter(({ kind }) => kind === 'choice' || kind === 'fork')
    .map(({ id, label }) => [label, progress.get(id)?.times]);
  expect(silent).toEqual([
    ['inventory.reserve.failed(stock)', 0],
    ['side by side', 0],
    ["next.winner === 'cancelled'", 0],
  ]);
});

test('a picture of a run says the state of each node that it has reached, and the others are pale', async () => {
  const flow = await flowOf('examples/order-fulfilment/fulfil-order.ts');
  const entries = journal('examples/order-fulfilment/journals/reminded.json').slice(0, 18);
  const svg = svgOf(await layOut(flow), progressOf(flow, entries, walk(flow, entries)));
  expect(svg).toContain('role="listitem" aria-label="timer, wait 1 day, 1 day, waiting ×3"');
  expect(svg).toMatch(/class="pale" role="listitem" aria-label="call, shipping\.ship"/);
});
