// Literals, enums and unions keep their types in outputs, results and first states. Only the compiler reads this file.
import * as v from 'valibot';
import * as z from 'zod';
import { command, decider, event, process, publish, send, service, versions, type InputOf, type Json, type ResultOf } from 'tutti';
import { serve, sqlStore } from 'tutti/service';
import type { Client } from 'tutti/client';
import { answered, calls, completes, happened, scripted } from 'tutti/testing';
import { equal } from './assert.ts';

const Status = z.object({ status: z.enum(['ok', 'bad']) });
const Shape = z.discriminatedUnion('kind', [z.object({ kind: z.literal('x'), n: z.int() }), z.object({ kind: z.literal('y') })]);
const Done = z.object({ done: z.literal(true), pair: z.tuple([z.enum(['l', 'r']), z.int()]), tags: z.array(z.enum(['a', 'b'])) });
const close = command({ input: Status.extend({ tags: z.array(z.string()) }) });
const open = command({
  input: Status,
  output: Shape,
  errors: { No: Status },
  undo: { command: close, input: () => ({ status: 'bad', tags: ['a'] }) },
});
const checked = command({
  input: z.object({}),
  output: Done,
  undo: { command: close, input: (_input, { tags }) => ({ status: tags.length > 1 ? 'ok' : 'bad', tags }) },
});
const doors = service('doors', { open, close, checked });
const Opened = event('doors.opened', Status.extend({ id: z.string() }));

// Services and their scripts
export const served = serve(doors, {
  open: async () => ({ kind: 'x', n: 1 }),
  close: async () => {},
  checked: async () => ({ done: true, pair: ['l', 1], tags: ['a', 'b'] }),
});
export const servedByBlocks = serve(doors, {
  open: async ({ status }, task) => {
    equal<typeof status, 'ok' | 'bad'>(true);
    if (task.attempt > 3) throw task.errors.No({ status: 'bad' });
    if (task.attempt > 2) return task.defer();
    return task.attempt > 1 ? { kind: 'y' } : { kind: 'x', n: 1 };
  },
  close: { run: async () => {}, effect: 'once', cancel: async ({ tags }) => void tags.sort() },
  checked: { effect: 'key', run: async () => ({ done: true, pair: ['r', 2], tags: [] }) },
});
const store = sqlStore({ transaction: async <T>(body: (tx: { query(): void }) => Promise<T>) => body({ query: () => {} }) });
export const servedByTransaction = serve(
  doors,
  {
    open: {
      effect: 'transaction',
      run: async (_input, task) => {
        task.tx.query();
        return { kind: 'y' };
      },
    },
    close: async () => {},
    checked: async (_input, { tx }) => (tx === undefined ? { done: true, pair: ['l', 1], tags: [] } : { done: true, pair: ['r', 1], tags: ['b'] }),
  },
  { store },
);
export const script = scripted(doors, { open: async () => ({ kind: 'y' }), checked: { run: async (_input) => ({ done: true, pair: ['l', 1], tags: ['a'] }) } });

// Deciders
export const door = decider('door', { state: Status, initial: () => ({ status: 'ok' }), publishes: [Opened] })
  .on(
    Opened.byId(({ id }) => id),
    () => ({ status: 'bad' }),
  )
  .on(doors.open, (_state, answer) => [
    { status: doors.open.failed(answer) ? 'bad' : 'ok' },
    send(doors.close, { status: 'ok', tags: [] }),
    publish(Opened, { id: 'x', status: 'ok' }),
  ]);
export const fromId = decider('from-id', { state: Shape, initial: (id) => (id === 'x' ? { kind: 'x', n: 0 } : { kind: 'y' }) });
export const withDefault = decider('with-default', { state: z.object({ seen: z.array(z.string()).default([]) }), initial: () => ({}) });

// Processes
export const passing = process(
  'passing',
  { startOn: Opened.byId(({ id }) => id), publishes: [Opened], view: Status, errors: { Bad: Status } },
  async (ctx, { status }) => {
    ctx.view({ status: 'ok' });
    ctx.publish(Opened, { id: 'x', status: 'bad' });
    const shape = await ctx.call(doors.open, { status: 'ok' });
    if (shape.kind === 'x') equal<typeof shape.n, number>(true);
    if (status === 'bad') throw ctx.errors.Bad({ status });
    return { status: 'ok', steps: ['a'] };
  },
);
equal<ResultOf<typeof passing>, { readonly status: 'ok'; readonly steps: readonly ['a'] }>(true);

// Versions
export const Versioned = versions(z.object({ open: z.boolean() }))
  .next(Status, ({ open }) => (open ? { status: 'ok' } : { status: 'bad' }))
  .next(Done, () => ({ done: true, pair: ['l', 1], tags: ['a'] }));

// With valibot
const Light = v.object({ light: v.picklist(['on', 'off']), rooms: v.array(v.string()) });
const dim = command({ input: Light });
const lights = service('lights', { dim, set: command({ input: Light, output: Light, undo: { command: dim, input: () => ({ light: 'off', rooms: ['a'] }) } }) });
export const servedLights = serve(lights, { dim: async () => {}, set: async () => ({ light: 'on', rooms: [] }) });
export const lamp = decider('lamp', { state: Light, initial: () => ({ light: 'off', rooms: [] }) });

// Clients and the test kit
export const asked = async (client: Client) => {
  await client.publish(Opened, { id: 'x', status: 'ok' });
  await client.complete(doors.open, 'token', { kind: 'x', n: 1 });
  return [answered(doors.open, { kind: 'y' }), happened(Opened, { id: 'x', status: 'ok' }), calls(doors.open, { status: 'ok' }), completes({ status: 'ok' })];
};

// Any JSON
const anything = service('anything', { keep: command({ input: z.object({ value: z.json() }), output: z.json() }) });
const Kept = v.object({ value: v.custom<Json>(() => true) });
const keep = service('keep', { kept: command({ input: Kept, output: Kept }) });
equal<InputOf<typeof anything.keep>, { readonly value: Json }>(true);
export const keepsAll = process('keeps-all', { input: z.json() }, async (ctx, input) => {
  equal<typeof input, Json>(true);
  const value: Json = await ctx.call(anything.keep, { value: input });
  return await ctx.call(keep.kept, { value });
});

// A value that a process receives is frozen, and can be passed on everywhere
const List = z.object({ names: z.array(z.string()), nested: z.object({ by: z.record(z.string(), z.array(z.int())) }) });
const lists = service('lists', { put: command({ input: List, output: List, errors: { Full: List } }) });
const Listed = event('lists.listed', List);
export const lister = process('lister', { input: List, receives: [Listed.byId(({ names }) => names[0] ?? '')], publishes: [Listed], view: List }, async (ctx, list) => {
  // @ts-expect-error the input is frozen
  list.names.sort();
  // @ts-expect-error each member is frozen
  list.names = [];
  // @ts-expect-error a deep member is frozen
  list.nested.by['x']?.push(1);
  const put = await ctx.try(lists.put, list);
  // @ts-expect-error an answer is frozen
  if (!lists.put.failed(put)) put.names.push('x');
  // @ts-expect-error a declared error is frozen
  if (lists.put.failed(put)) put.data.names.push('x');
  const listed = await ctx.waitFor(Listed);
  // @ts-expect-error an event is frozen
  listed.names.reverse();
  ctx.view(listed);
  ctx.publish(Listed, list);
  return list;
});
export const keeper = decider('keeper', { state: List, initial: () => ({ names: [], nested: { by: {} } }) })
  .on(
    Listed.byId(() => 'x'),
    (state, { names }) => ({ ...state, names: [...state.names, ...names] }),
  )
  .on(lists.put, (state) => {
    // @ts-expect-error a state is frozen
    state.names.push('x');
    return state;
  });
