import { event, process, Cancelled, ProcessFailed } from 'tutti';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { processContract } from '../../lib/contract/process-contract.ts';
import { failureToJson } from '../../lib/contract/wire/failure-json.ts';
import { childFailure, childVerdict, startChild, taken } from '../../lib/core/children.ts';
import { replyToIssuer } from '../../lib/core/engine-commands.ts';
import { newImage, type Image, type OpenCommand } from '../../lib/core/image.ts';
import type { ParentCommand, StartInbound } from '../../lib/core/inbound.ts';
import { flights, payments, type TripContext } from './trip-contracts.ts';
import { started } from './trip-steps.ts';

const Asked = event('shop.asked', z.object({ id: z.string() }));
const named = process('named', { startOn: Asked.byId(({ id }) => id) }, async () => {});
const part = process('part', { input: z.string() }, async () => {});

const child =
  (id = 'c-1'): ((ctx: TripContext) => Promise<unknown>) =>
  (ctx) =>
    ctx.child(part, 'x', { id });
const bugOf = async (body: (ctx: TripContext) => Promise<unknown>): Promise<string | undefined> => (await started(body)).bug?.message;

describe('the command of a child', () => {
  test('names its owner by the given id, by the starting event, or by the parent and its number', async () => {
    const trip = await started(async (ctx) => {
      await Promise.all([ctx.child(part, 'x', { id: 'given' }), ctx.child(named, { id: 'by-event' }), ctx.child(part, 'y')]);
    });
    expect(trip.commands().map(({ owner }) => owner)).toEqual([
      'default#part#given',
      'default#named#by-event',
      `default#part#${trip.image.pid.slice(trip.image.pid.lastIndexOf('#') + 1)}.3`,
    ]);
    expect(trip.commands()[0]).toMatchObject({ command: 'tutti.child', deadline: undefined, timeoutMs: 60_000 });
  });

  test('is sent again after a minute, then at intervals that double up to a day', async () => {
    const trip = await started(child());
    await trip.passes('30 days');
    const at = trip.entries('AttemptTimedOut').map((entry) => entry.at - trip.image.startedAt);
    const intervals = at.map((each, i) => (each - (at[i - 1] ?? 0)) / 60_000);
    expect(intervals.slice(0, 4)).toEqual([1, 2, 4, 8]);
    expect(intervals.at(-1)).toBe(1_440);
  });

  test('is rejected without a command in a cancelled scope', async () => {
    const trip = await started(async (ctx) => {
      try {
        await ctx.call(flights.book, { to: 'Oslo' });
      } catch {
        await ctx.child(part, 'x');
      }
    });
    await trip.operates('cancel');
    expect(trip.entries('CommandIssued')).toHaveLength(1);
  });

  test('is refused for a decider, for an id that is none, and for a process that the system does not list', async () => {
    expect(await bugOf((ctx) => ctx.child(part, 'x', { id: 'no id' }))).toMatch(/^The child part has the id "no id": expected 1 to 200/);
    const trip = await started((ctx) => ctx.sleep('1 day'));
    const run = trip.run!;
    const request = { definition: processContract(part), input: 'x', id: undefined };
    const refused = (change: object): unknown => {
      try {
        return startChild(Object.assign(Object.create(run) as typeof run, { bug: undefined }, change), run.root, request);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused({ environment: { ...run.environment, processes: new Map() } })).toMatch(/which the system trips does not list/);
    expect(refused({ image: { ...run.image, parent: { commandId: '', hash: '', depth: 100 } } })).toMatch(/below 100 parents/);
    expect(() => startChild(run, run.root, { ...request, definition: { ...processContract(part), kind: 'decider' } })).toThrow(
      /starts the decider part as a child/,
    );
  });

  test('is not undone by ctx.undo', async () => {
    const trip = started(async (ctx) => {
      const step = ctx.child(part, 'x');
      await ctx.undo(step as never);
    });
    expect((await trip).bug?.message).toMatch(/^ctx.undo was given the child part:1: a child is undone by ctx.compensate/);
  });
});

describe('ctx.detach', () => {
  test('takes the step of a child or of a command, once', async () => {
    const trip = await started(async (ctx) => {
      const paid = ctx.call(payments.charge, { amount: 7 });
      ctx.detach(paid);
      ctx.detach(paid);
      ctx.detach(ctx.child(part, 'x'));
      await ctx.sleep('1 day');
    });
    expect(trip.entries('StepDetached').map(({ path }) => path)).toEqual(['payments.charge:1', 'part:1']);
    expect(trip.commands().map(({ detached, stands }) => [detached, stands])).toEqual([
      [true, true],
      [true, undefined],
    ]);
    await trip.operates('cancel');
    expect(trip.status).toBe('cancelled');
    expect(trip.commands()).toHaveLength(2);
    expect(await trip.completes('payments.charge', { paymentId: 'p' })).toBe('closed');
  });

  test('of a step that has ended changes nothing', async () => {
    const trip = await started(async (ctx) => {
      const booked = ctx.call(flights.book, { to: 'Oslo' }, { undo: false });
      await booked;
      ctx.detach(booked);
    });
    await trip.completes('flights.book', { reference: 'F' });
    expect(trip.entries('StepDetached')).toHaveLength(1);
  });

  test('refuses any other step', async () => {
    expect(
      await bugOf(async (ctx) => {
        ctx.detach(ctx.sleep('1 day') as never);
      }),
    ).toMatch(/detaches something that is neither a child nor a command/);
  });
});

describe('the verdict on the command of a parent', () => {
  const parent: ParentCommand = { commandId: 'default#toy#t/r/1', hash: '0', depth: 1, cancelIdentity: 'cancel' };
  const start = { identity: 'own' } as StartInbound;
  const image = (over: Partial<Image> = {}): Image => ({ ...newImage('default#part#c', 'own', 'part@1', 0), ...over });
  const verdict = (
    over: Partial<Image> | undefined,
    more: Partial<ParentCommand> = {},
    onClosed: 'reject' | 'restart' | 'restart-failed' = 'reject',
  ) => childVerdict(over && image(over), start, { ...parent, ...more }, onClosed);
  const cancel = { cancel: true } as const;
  const undo = new Map([[1, { mode: 'undo' } as OpenCommand]]);

  test.each([
    ['none', undefined, {}, 'apply'],
    ['early', { status: 'early' }, {}, 'apply'],
    ['its run', {}, {}, 'dup'],
    ['its run, to cancel', {}, cancel, 'apply'],
    ['its run, cancelled before', { starts: ['cancel'] }, cancel, 'dup'],
    ['its run, closed', { status: 'completed' }, cancel, 'dup'],
    ['its run, stuck', { status: 'stuck' }, cancel, 'park'],
    ['its run, paused', { paused: {} as never }, cancel, 'keep'],
    ['another run, known', { run: 'other', starts: ['own'] }, {}, 'dup'],
    ['another run, stuck', { run: 'other', status: 'stuck' }, {}, 'park'],
    ['another run, open', { run: 'other' }, {}, 'reject'],
    ['another run, paused', { run: 'other', paused: {} as never }, {}, 'keep'],
    ['another run, closed', { run: 'other', status: 'completed' }, {}, 'closed'],
    [
      'a closed run of another parent',
      { run: 'other', status: 'failed', parent: { commandId: 'default#toy#u/r/1', hash: '', depth: 1 } },
      {},
      'closed',
    ],
    [
      'a closed run of the same parent',
      { run: 'other', status: 'completed', parent: { commandId: 'default#toy#t/q/1', hash: '', depth: 1 } },
      {},
      'restart',
    ],
  ] as const)('%s', (_, head, command, expected) => {
    expect(verdict(head as Partial<Image> | undefined, command)).toBe(expected);
  });

  test('a closed run begins again as its process allows, after its undos', () => {
    const closed = { run: 'other', status: 'completed' } as const;
    expect(verdict(closed, {}, 'restart')).toBe('restart');
    expect(verdict(closed, {}, 'restart-failed')).toBe('closed');
    expect(verdict({ ...closed, status: 'failed' }, {}, 'restart-failed')).toBe('restart');
    expect(verdict({ ...closed, commands: undo }, {}, 'restart')).toBe('wait');
    expect(verdict({ ...closed, resends: undo }, {}, 'restart')).toBe('wait');
  });
});

describe('the failure of a child', () => {
  const command = { owner: 'default#part#c' } as OpenCommand;
  const failureOf = (outcome: 'failed' | 'cancelled', data?: unknown) =>
    childFailure(command, { type: 'CommandAnswered', at: 0, n: 1, outcome, ...(data !== undefined && { data: data as never }) });

  test('is the one that it was sent with', () => {
    const failed = new ProcessFailed({ process: 'part', type: 'Broken', data: { x: 1 } });
    expect(failureOf('failed', failureToJson(failed))).toMatchObject({ code: 'PROCESS_FAILED', type: 'Broken', data: { x: 1 } });
    expect(failureOf('cancelled', failureToJson(new Cancelled({ reason: 'timeout' })))).toMatchObject({
      code: 'CANCELLED',
      reason: 'timeout',
    });
  });

  test('is Other if a later build has written it', () => {
    expect(failureOf('failed', { code: 'NEW' })).toMatchObject({ process: 'part', type: 'Other', data: { data: { code: 'NEW' } } });
    expect(failureOf('cancelled')).toMatchObject({ code: 'CANCELLED', reason: 'requested' });
    expect(childFailure({} as OpenCommand, { type: 'CommandAnswered', at: 0, n: 1, outcome: 'failed' })).toMatchObject({ process: '' });
  });

  test('names the id that is taken', () => {
    expect(taken('default#part#c-1').message).toBe('the id c-1 is taken by another part');
    expect(taken('nonsense').message).toBe('the id  is taken by another nonsense');
  });
});

test('the reply of an owner keeps a large value apart, and its trace', async () => {
  const trip = await started((ctx) => ctx.sleep('1 day'));
  const run = trip.run!;
  run.trace = '00-1-2-01';
  replyToIssuer(run, { commandId: 'default#toy#t/r/1', hash: '0', outcome: 'completed' }, 'x'.repeat(2_000));
  expect(run.image.pendingSends.at(-1)).toMatchObject({ kind: 'reply', dataref: expect.any(String), trace: '00-1-2-01' });
  run.trace = undefined;
  replyToIssuer(run, { commandId: 'default#toy#t/r/1', hash: '0', outcome: 'completed' }, null);
  expect(run.image.pendingSends.at(-1)).not.toHaveProperty('trace');
  const before = run.image.pendingSends.length;
  run.expected = {} as never;
  replyToIssuer(run, { commandId: 'default#toy#t/r/1', hash: '0', outcome: 'failed' }, null);
  expect(run.image.pendingSends).toHaveLength(before);
});
