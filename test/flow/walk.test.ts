import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { Flow } from '../../lib/flow/flow.ts';
import { flowsOf } from '../../lib/flow/flows.ts';
import { walk } from '../../lib/flow/walk.ts';
import { flowOfBody } from './of-code.ts';

const EXAMPLES = 'examples';
const importValues = async (url: string) => (await import(url)) as Record<string, unknown>;

interface Recorded {
  readonly process: string;
  readonly entries: readonly JournalEntry[];
}

/** Each example with recorded journals, and the module that its system is in. */
const examples = readdirSync(EXAMPLES, { recursive: true, withFileTypes: true })
  .filter((each) => each.isDirectory() && each.name === 'journals')
  .map(({ parentPath }) => ({ folder: parentPath, module: systemIn(parentPath) }));

function systemIn(folder: string): string {
  const found = readdirSync(folder).find((file) => /^[^.]+\.ts$/.test(file) && /= system\(/.test(readFileSync(join(folder, file), 'utf8')));
  if (found === undefined) throw new TypeError(`${folder} has no system`);
  return join(folder, found);
}

describe('the journals of the examples', () => {
  test('there are examples with journals', () => {
    expect(examples.map(({ folder }) => basename(folder))).toEqual(
      expect.arrayContaining(['agent', 'order-fulfilment', 'travel-booking', 'user-activity']),
    );
  });

  test.each(examples)(
    'each entry of the journals of $folder belongs to one node, and the last to the end that the run has reached',
    async ({ folder, module }) => {
      const flows = await flowsOf([module], importValues);
      for (const name of readdirSync(join(folder, 'journals'))) {
        const { process, entries } = JSON.parse(readFileSync(join(folder, 'journals', name), 'utf8')) as Recorded;
        const flow = flows.find((each) => each.process === process);
        if (!flow) throw new TypeError(`${module} has no ${process}`);
        const { places, tokens } = walk(flow, entries);
        const unsure = entries.flatMap(({ type }, at) =>
          places[at]?.length === 1 ? [] : [`${name} ${at} ${type}: ${places[at]?.join()}`],
        );
        expect(unsure).toEqual([]);
        expect(wrongIn(flow, entries, places)).toEqual([]);
        if (entries.at(-1)?.type === 'ProcessCompleted' && flow.kind === 'async') expect(tokens).toEqual(places.at(-1));
      }
    },
  );
});

/** Entries whose node has another name than the entry, or whose end contradicts the result. */
function wrongIn({ nodes }: Flow, entries: readonly JournalEntry[], places: readonly (readonly string[])[]): string[] {
  return entries.flatMap((entry, at) => {
    const node = nodes.find(({ id }) => id === places[at]?.[0]);
    if (entry.type === 'CommandIssued' && entry.undoes === undefined && !entry.path.includes(node?.name ?? '?'))
      return [`${at} ${entry.command} at ${node?.label}`];
    if (entry.type === 'EventPublished' && node?.name !== entry.event) return [`${at} ${entry.event} at ${node?.label}`];
    const status = (entry as { readonly data?: { readonly status?: string } }).data?.status;
    if (entry.type === 'ProcessCompleted' && status !== undefined && !node?.label.includes(status))
      return [`${at} ${status} at ${node?.label}`];
    return [];
  });
}

const call = (n: number, path: string): JournalEntry => ({ type: 'CommandIssued', n, path, command: path.replace(/:\d+$/, ''), hash: '' });
const answered = (n: number, outcome: 'completed' | 'failed' = 'completed'): JournalEntry => ({
  type: 'CommandAnswered',
  at: 0,
  n,
  outcome,
});
const started: JournalEntry = {
  type: 'ProcessStarted',
  at: 0,
  definition: 'order@1',
  event: 'orders.placed',
  id: 'e',
  source: 'orders',
  time: '',
};

function labelsOf(flow: Flow, ids: readonly string[] | undefined): string[] {
  return (ids ?? []).map((id) => {
    const { label, line } = flow.nodes.find((node) => node.id === id) ?? { label: '?', line: 0 };
    return `${label} ${line}`;
  });
}

test('a branch that only later entries tell apart has both nodes until then', async () => {
  const flow = await flowOfBody(`
    if (input.vip) {
      await ctx.call(mails.tell, {});
      await ctx.call(payments.charge, {});
    } else {
      await ctx.call(mails.tell, {});
      await ctx.sleep('1 day');
    }`);
  const [vip, other] = flow.nodes.filter(({ name }) => name === 'mails.tell').map(({ id }) => id);
  const entries = [started, call(1, 'mails.tell:1'), answered(1)];
  expect(walk(flow, entries).places).toEqual([['n0'], [vip, other], [vip, other]]);
  expect(walk(flow, [...entries, call(2, 'payments.charge:1')]).places[1]).toEqual([vip]);
  expect(walk(flow, [...entries, { type: 'TimerSet', n: 2, path: 'sleep:1', due: 1 }]).places[1]).toEqual([other]);
});

test('the tokens of an open run are the nodes at which it waits, one in each branch', async () => {
  const flow = await flowOfBody(`
    await Promise.all([ctx.call(payments.charge, {}), ctx.sleep('1 day')]);
    await ctx.call(mails.tell, {});`);
  const both = [started, call(1, 'payments.charge:1'), { type: 'TimerSet', n: 2, path: 'sleep:1', due: 1 } as const];
  expect(labelsOf(flow, walk(flow, both).tokens).map((label) => label.replace(/ \d+$/, ''))).toEqual(
    expect.arrayContaining(['payments.charge', 'wait 1 day']),
  );
  const after = walk(flow, [...both, answered(1), { type: 'TimerFired', at: 1, n: 2 }, call(3, 'mails.tell:1')]);
  expect(labelsOf(flow, after.tokens).map((label) => label.replace(/ \d+$/, ''))).toEqual(['mails.tell']);
});

test('an undo, a retry and a time-out belong to the step that they concern, and a failure without a node to the command that failed', async () => {
  const flow = await flowOfBody(`
    await ctx.call(payments.charge, {});
    await ctx.waitFor(Paid, { timeout: '1 day' });
    await ctx.call(mails.tell, {});`);
  const entries: JournalEntry[] = [
    started,
    call(1, 'payments.charge:1'),
    answered(1),
    { type: 'TimerSet', n: 2, path: 'orders.paid:1/timeout', due: 1 },
    { type: 'EventReceived', at: 0, event: 'orders.paid', id: 'p', source: 'orders', time: '' },
    { type: 'TimerCleared', n: 2, path: 'orders.paid:1/timeout' },
    { type: 'EventTaken', path: 'orders.paid:1', id: 'p' },
    call(3, 'mails.tell:1'),
    answered(3, 'failed'),
    { type: 'CommandIssued', n: 4, path: 'payments.charge:1/undo', command: 'payments.refund', undoes: 'x', hash: '' },
    { type: 'ProcessFailed', path: '', data: { type: 'CommandFailed' } },
  ];
  const labels = walk(flow, entries).places.map((ids) =>
    labelsOf(flow, ids)
      .map((label) => label.replace(/ \d+$/, ''))
      .join(),
  );
  expect(labels).toEqual([
    'start',
    'payments.charge',
    'payments.charge',
    'orders.paid',
    'start',
    'orders.paid',
    'orders.paid',
    'mails.tell',
    'mails.tell',
    'payments.charge',
    'mails.tell',
  ]);
});

test('an entry that the source does not have fits no node, and the walk goes on after it', async () => {
  const flow = await flowOfBody(`await ctx.call(payments.charge, {}); await ctx.call(mails.tell, {});`);
  const { places } = walk(flow, [started, call(1, 'payments.charge:1'), call(2, 'stock.reserve:1'), call(3, 'mails.tell:1')]);
  expect(places.map((ids) => ids.length)).toEqual([1, 1, 0, 1]);
});

test('a loop of 20,000 entries is walked with a few tokens', async () => {
  const flow = await flowOfBody(`
    for (;;) {
      await ctx.race({ paid: ctx.waitFor(Paid), late: ctx.sleep('1 day') });
      await ctx.call(mails.tell, {});
    }`);
  const entries: JournalEntry[] = [started];
  for (let turn = 1; entries.length < 20_000; turn += 1)
    entries.push(
      { type: 'TimerSet', n: 2 * turn, path: `sleep:${turn}`, due: turn },
      { type: 'TimerFired', at: turn, n: 2 * turn },
      { type: 'BranchWon', path: `race:${turn}`, winner: 'late' },
      call(2 * turn + 1, `mails.tell:${turn}`),
      answered(2 * turn + 1),
    );
  const { places, tokens } = walk(flow, entries);
  expect(places.every((ids) => ids.length === 1)).toBe(true);
  expect(tokens.length).toBeLessThan(3);
});
