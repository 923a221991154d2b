import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answer, command, decider, event, process, service, system } from 'tutti';
import { answers, everyCrash, given, happened, scripted, simulate } from 'tutti/testing';

const Ordered = event('rides.ordered', z.object({ id: z.string(), answers: z.int() }));
const Cancelled = event('rides.cancel', z.object({ id: z.string() }), { answer: z.object({ fee: z.int(), note: z.string() }) });
const Finished = event('rides.finished', z.object({ id: z.string() }));
const fees = service('fees', { quote: command({ input: z.object({ id: z.string() }), output: z.object({ fee: z.int() }) }) });

/** Answers so many questions, each after a command; then ends, fails, or gets stuck at the next one. */
const ride = process(
  'ride',
  {
    startOn: Ordered.byId((ordered) => ordered.id),
    receives: [Cancelled.byId((cancelled) => cancelled.id), Finished.byId((finished) => finished.id)],
    errors: { Lost: z.object({}) },
  },
  async (ctx, { id, answers }) => {
    for (let asked = 0; asked < Math.abs(answers); asked += 1) {
      await ctx.waitFor(Cancelled);
      const { fee } = await ctx.call(fees.quote, { id });
      ctx.answer(Cancelled, { fee, note: 'n'.repeat(asked * 2_000) });
    }
    await ctx.waitFor(Cancelled);
    if (answers < 0) throw ctx.errors.Lost({});
    if (answers === 0) ctx.answer(Finished as never, {} as never);
    return answers;
  },
);
const rides = system('rides', { processes: [ride], services: [fees] });
const options = { services: [scripted(fees, { quote: async () => ({ fee: 500 }) })] };
const begun = async (answers: number) => {
  const world = simulate(rides, { ...options, patience: '1 hour' });
  await world.client.publish(Ordered, { id: 'r', answers });
  await world.settle();
  return world;
};

describe('client.ask', () => {
  test('returns the answer of the process, which its journal holds by then', async () => {
    const world = await begun(2);
    expect(await world.client.ask(ride, 'r', Cancelled, { id: 'r' })).toEqual({ fee: 500, note: '' });
    expect(world.journal(ride, 'r')).toContainEqual(expect.objectContaining({ type: 'EventAnswered', event: 'rides.cancel' }));
    // A value of more than a kilobyte is stored apart.
    expect((await world.client.ask(ride, 'r', Cancelled, { id: 'r' })).note).toHaveLength(2_000);
  });

  test('with the id of an earlier question returns the same answer, and asks nothing twice', async () => {
    const world = await begun(2);
    const first = await world.client.ask(ride, 'r', Cancelled, { id: 'r' }, { id: 'q-1' });
    expect(await world.client.ask(ride, 'r', Cancelled, { id: 'r' }, { id: 'q-1' })).toEqual(first);
    expect(world.calls(fees.quote)).toHaveLength(1);
  });

  test('with the id of an earlier question returns its answer also after the end, and CLOSED for another id', async () => {
    const world = await begun(1);
    const ask = (id: string): Promise<unknown> => world.client.ask(ride, 'r', Cancelled, { id: 'r' }, { id });
    const answer = await ask('q-1');
    await expect(ask('q-2')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await ask('q-1')).toEqual(answer);
    await expect(ask('q-2')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('with the id of a question that an earlier run of an open chain answered returns that answer', async () => {
    const meter = process(
      'meter',
      { startOn: Ordered.byId((ordered) => ordered.id), receives: [Cancelled.byId((cancelled) => cancelled.id)] },
      async (ctx, input) => {
        const { id } = await ctx.waitFor(Cancelled);
        ctx.answer(Cancelled, { fee: input.answers, note: id });
        return ctx.continueAsNew({ ...input, answers: input.answers + 1 });
      },
    );
    const world = simulate(system('rides', { processes: [meter], services: [] }), { patience: '1 hour' });
    await world.client.publish(Ordered, { id: 'm', answers: 0 });
    const ask = (id: string): Promise<{ fee: number }> => world.client.ask(meter, 'm', Cancelled, { id: 'm' }, { id, timeout: '1 minute' });
    expect([await ask('q-0'), await ask('q-1'), await ask('q-2')].map(({ fee }) => fee)).toEqual([0, 1, 2]);
    expect([await ask('q-2'), await ask('q-0'), await ask('q-1')].map(({ fee }) => fee)).toEqual([2, 0, 1]);
    expect(world.journal(meter, 'm').filter((entry) => (entry as { type: string }).type === 'EventReceived')).toEqual([]);
  });

  test('that times out keeps the event, which is answered later', async () => {
    const world = await begun(1);
    world.down(fees, '10 minutes');
    const asked = world.client.ask(ride, 'r', Cancelled, { id: 'r' }, { id: 'q-1', timeout: '1 second' });
    await expect(asked).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await world.advance('20 minutes');
    expect(await world.client.ask(ride, 'r', Cancelled, { id: 'r' }, { id: 'q-1' })).toMatchObject({ fee: 500 });
  });

  test('rejects with the failure of an instance that fails, and with CLOSED if it completes without an answer', async () => {
    const failing = await begun(-1);
    await failing.client.ask(ride, 'r', Cancelled, { id: 'r' });
    await expect(failing.client.ask(ride, 'r', Cancelled, { id: 'r' })).rejects.toSatisfy(ride.failed);
    const ending = await begun(1);
    await ending.client.ask(ride, 'r', Cancelled, { id: 'r' });
    await expect(ending.client.ask(ride, 'r', Cancelled, { id: 'r' })).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(ending.client.ask(ride, 'r', Cancelled, { id: 'r' })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('rejects with STUCK if the instance gets stuck: an answer to what was not read is a bug', async () => {
    const world = await begun(0);
    world.expectStuck(ride, 'r', 'POISON');
    await expect(world.client.ask(ride, 'r', Cancelled, { id: 'r' })).rejects.toMatchObject({ code: 'STUCK' });
  });

  test('refuses an event without an answer', async () => {
    const world = await begun(1);
    await expect(world.client.ask(ride, 'r', Finished as never, { id: 'r' } as never)).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });
});

test('an answer is given once, whatever crashes', { timeout: 120_000 }, async () => {
  await everyCrash(rides, options, async (world) => {
    await world.client.start(ride, { id: 'r', answers: 1 }, { id: 'r' });
    expect(await world.client.ask(ride, 'r', Cancelled, { id: 'r' }, { id: 'q-1' })).toEqual({ fee: 500, note: '' });
    expect(world.journal(ride, 'r').filter((entry) => (entry as { readonly type: string }).type === 'EventAnswered')).toHaveLength(1);
  });
});

const Counted = event('rides.counted', z.object({ id: z.string(), by: z.int() }), { answer: z.object({ n: z.int() }) });
const counter = decider('counter', { state: z.object({ n: z.int() }), initial: () => ({ n: 0 }) }).on(
  Counted.byId((counted) => counted.id),
  ({ n }, { by }) => [{ n: n + by }, answer(Counted, { n: n + by })],
);

test('a decider answers the question that begins it and each later one, at every crash point', async () => {
  await everyCrash(system('rides', { processes: [counter], services: [] }), {}, async (world) => {
    expect(await world.client.ask(counter, 'c', Counted, { id: 'c', by: 2 }, { id: 'q-1' })).toEqual({ n: 2 });
    expect(await world.client.ask(counter, 'c', Counted, { id: 'c', by: 3 }, { id: 'q-2' })).toEqual({ n: 5 });
    expect(await world.client.ask(counter, 'c', Counted, { id: 'c', by: 2 }, { id: 'q-1' })).toEqual({ n: 2 });
    await world.settle();
  });
});

test('given() names the answer of a process, and of a decider', async () => {
  await given(counter)
    .when(happened(Counted, { id: 'c', by: 2 }))
    .expect(answers(Counted, { n: 2 }));
  const asked = given(counter)
    .when(happened(Counted, { id: 'c', by: 2 }))
    .expect(answers(Counted, { n: 3 }));
  await expect(asked).rejects.toThrow('answers(rides.counted, {"n":2})');
  await given(counter)
    .when(happened(Counted, { id: 'c', by: 2 }))
    .expect(answers(Counted));
});
