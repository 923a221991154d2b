import * as z from 'zod';
import { expect, test } from 'vitest';
import { event, process, system } from 'tutti';
import { systemContract } from '../../lib/contract/system.ts';
import { versionsInUse } from '../../lib/client/versions.ts';
import type { Head } from '../../lib/ports/process-store.ts';

const Paid = event('house.paid', z.object({ id: z.string() }));
const permit = (version: number) =>
  process('permit', { input: z.object({}), receives: [Paid.byId(({ id }) => id)], version }, async (ctx) => ctx.waitFor(Paid));

/** A head as the index lists it. */
const head = (id: string, definition: string, more: Partial<Head> = {}): Head => ({
  pid: `default#permit#${id}`,
  version: 1,
  writer: '',
  run: 'r',
  status: 'running',
  definition,
  clock: 0,
  control: '',
  tail: [],
  tailFrom: 0,
  startedAt: Date.parse('2026-11-01T00:00:00Z'),
  ...more,
});

async function versionsOf(
  listed: readonly number[],
  heads: Readonly<Record<string, readonly Head[]>>,
  options?: { readonly changes: boolean },
  codes: readonly string[] = [],
) {
  const index = {
    tenants: async () => Object.keys(heads),
    list: async function* ({ tenant }: { readonly tenant: string }) {
      yield* heads[tenant] ?? [];
    },
  };
  const permits = systemContract(system('permits', { processes: listed.map(permit), services: [] }));
  return versionsInUse(
    {
      system: permits,
      ports: { index, store: { chunks: async () => [{ entries: codes.map((code) => JSON.stringify({ code, at: 1 })) }] } },
    } as never,
    options,
  );
}

test('a version can leave the system only when no run of any tenant is open on it', async () => {
  const found = await versionsOf([3, 2, 1], {
    default: [head('a', 'permit@3'), head('b', 'permit@2', { status: 'stuck' })],
    north: [head('c', 'permit@2', { startedAt: Date.parse('2026-10-02T00:00:00Z'), paused: '{}' })],
  });
  expect(found).toEqual([
    expect.objectContaining({ version: 3, running: 1, removable: false, why: 'no: starts take it, and it has 1 open run' }),
    expect.objectContaining({
      version: 2,
      stuck: 1,
      paused: 1,
      oldest: '2026-10-02T00:00:00.000Z',
      removable: false,
      why: 'no: 2 open runs, the oldest since 2026-10-02',
    }),
    { process: 'permit', version: 1, running: 0, stuck: 0, paused: 0, removable: true, why: 'yes: no run is open on it' },
  ]);
});

test('a version that open runs need and that the system does not list is missing', async () => {
  const [, missing] = await versionsOf([2], { default: [head('a', 'permit@1')] });
  expect(missing).toMatchObject({
    version: 1,
    removable: false,
    why: 'missing: 1 open run, the oldest since 2026-11-01, and the system does not list it',
  });
});

test('the changes that open runs have taken are counted by version, if they are asked for', async () => {
  const taken = (...changes: readonly string[]) => ({ tail: changes.map((path) => JSON.stringify({ type: 'ChangeTaken', path })) });
  const heads = {
    default: [head('a', 'permit@2', taken('vat', 'audit')), head('b', 'permit@2', { ...taken('vat'), status: 'stuck' as const })],
    north: [head('c', 'permit@1', taken('vat'))],
  };
  const [second, first] = await versionsOf([2, 1], heads, { changes: true });
  expect(second?.changes).toEqual([
    { change: 'vat', taken: 2, without: 0 },
    { change: 'audit', taken: 1, without: 1 },
  ]);
  expect(first?.changes).toEqual([{ change: 'vat', taken: 1, without: 0 }]);
  for (const each of await versionsOf([2, 1], heads)) expect(each).not.toHaveProperty('changes');
});

test('the codes that began open runs are counted by version, and the newest one is marked', async () => {
  const begun = (code?: string, definition = 'permit@1') => ({
    tail: [JSON.stringify({ type: 'ProcessStarted', definition, ...(code && { code }) })],
  });
  const moved = { tail: [...begun('aa').tail, JSON.stringify({ type: 'Moved', definition: 'permit@2', code: 'cc' })] };
  const heads = {
    default: [head('a', 'permit@1', begun('aa')), head('b', 'permit@1', begun('bb')), head('c', 'permit@1', begun())],
    north: [head('d', 'permit@1', begun('aa')), head('e', 'permit@2', moved), head('f', 'permit@2', begun('aa'))],
  };
  const [second, first] = await versionsOf([2, 1], heads, { changes: true }, ['aa', 'bb']);
  expect(first?.codes).toEqual([
    { code: 'aa', open: 2, isNewest: false },
    { code: 'bb', open: 1, isNewest: true },
  ]);
  expect(second?.codes).toEqual([{ code: 'cc', open: 1, isNewest: false }]);
  const [, unknown] = await versionsOf([2, 1], heads, { changes: true });
  expect(unknown?.codes?.[0]).toEqual({ code: 'aa', open: 2 });
  for (const each of await versionsOf([2, 1], heads)) expect(each).not.toHaveProperty('codes');
});
