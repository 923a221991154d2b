import { expect, test } from 'vitest';
import * as z from 'zod';
import { answer, decider, end, event, process, timer } from 'tutti';
import { Instance } from './instance.ts';

const Begun = event('shop.begun', z.object({ id: z.string() }));
const Asked = event('shop.asked', z.object({ id: z.string() }), { answer: z.object({ n: z.int() }) });
const Plain = event('shop.plain', z.object({ id: z.string() }));

const answering = (body: (answer: (event: never, value: unknown) => void, wait: (event: never) => Promise<unknown>) => Promise<unknown>) =>
  process(
    'answering',
    { startOn: Begun.byId((begun) => begun.id), receives: [Asked.byId((asked) => asked.id), Plain.byId((plain) => plain.id)] },
    async (ctx) =>
      void (await body(
        (of, value) => ctx.answer(of, value as never),
        (of) => ctx.waitFor(of),
      )),
  );

test('ctx.answer answers the oldest event that was read and not answered, also on a copy from the journal', async () => {
  const instance = new Instance(
    answering(async (answer, wait) => {
      await wait(Asked as never);
      await wait(Plain as never);
      await wait(Asked as never);
      answer(Asked as never, { n: 1 });
      await wait(Plain as never);
      answer(Asked as never, { n: 2 });
    }),
  );
  await instance.starts(Begun);
  await instance.happens(Asked, {}, { id: 'a' });
  await instance.happens(Plain, {}, { id: 'p' });
  await instance.happens(Asked, {}, { id: 'b' });
  await instance.reload();
  await instance.happens(Plain, {}, { id: 'q' });
  expect(instance.entries('EventAnswered')).toMatchObject([
    { id: 'a', event: 'shop.asked', data: { n: 1 }, path: 'shop.asked/answer:1' },
    { id: 'b', event: 'shop.asked', data: { n: 2 }, path: 'shop.asked/answer:2' },
  ]);
  expect(instance.status).toBe('completed');
});

/** A process that begins its waits in `wait`, sleeps for a day, and races them. */
const racing = (after: (ctx: never) => Promise<unknown>, answers: boolean) =>
  process(
    'answering',
    { startOn: Begun.byId((begun) => begun.id), receives: [Asked.byId((asked) => asked.id), Plain.byId((plain) => plain.id)] },
    async (ctx) => {
      const branches = { plain: ctx.waitFor(Plain), asked: ctx.waitFor(Asked) };
      await ctx.sleep('1 day');
      if (answers) ctx.answer(Asked, { n: 1 });
      await ctx.race(branches);
      await after(ctx as never);
    },
  );

test('a question whose wait loses a race is asked again, unless it was answered', async () => {
  const asked = new Instance(
    racing(async (ctx: { waitFor: (of: typeof Asked) => Promise<unknown>; answer: (of: typeof Asked, value: { n: number }) => void }) => {
      await ctx.waitFor(Asked);
      ctx.answer(Asked, { n: 2 });
    }, false),
  );
  const answered = new Instance(racing(async () => undefined, true));
  for (const instance of [asked, answered]) {
    await instance.starts(Begun);
    await instance.happens(Asked, {}, { id: 'a' });
    await instance.happens(Plain, {}, { id: 'p' });
    await instance.passes('1 day');
    expect(instance.status).toBe('completed');
  }
  expect(asked.entries('EventPutBack')).toMatchObject([{ path: 'shop.asked:1', id: 'a' }]);
  expect(asked.entries('EventAnswered')).toMatchObject([{ id: 'a', data: { n: 2 } }]);
  expect(answered.entries('EventPutBack')).toEqual([]);
  expect(answered.entries('EventAnswered')).toMatchObject([{ id: 'a', data: { n: 1 } }]);
});

test.each([
  ['no event was read', Asked, { n: 1 }, 'answers shop.asked, but it has read none that waits for an answer'],
  ['the event declares no answer', Plain, { n: 1 }, 'answers shop.plain, which declares no answer'],
])('ctx.answer is a bug if %s', async (_what, of, value, message) => {
  const instance = new Instance(answering(async (answer) => answer(of as never, value)));
  await instance.starts(Begun);
  expect(instance.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining(message) });
});

test('ctx.answer is a bug if the value breaks its schema', async () => {
  const instance = new Instance(
    answering(async (answer, wait) => {
      await wait(Asked as never);
      answer(Asked as never, { n: 'one' });
    }),
  );
  await instance.starts(Begun);
  await instance.happens(Asked);
  expect(instance.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining('shop.asked was answered with') });
});

const alarm = timer('alarm');
const State = z.object({ n: z.int() });
const counting = decider('counting', { state: State, initial: () => ({ n: 0 }) })
  .on(
    Asked.byId((asked) => asked.id),
    ({ n }, { id }) => {
      const next = { n: n + 1 };
      if (id === 'twice') return [next, answer(Asked, next), answer(Asked, next)];
      if (id === 'wrong') return [next, answer(Asked, { n: 'one' as never })];
      if (id === 'plain') return [next, answer(Plain as never, next as never)];
      if (id === 'later') return [next, alarm.in('1 minute')];
      return id === 'last' ? [next, end(null), answer(Asked, next)] : [next, answer(Asked, next)];
    },
  )
  .on(
    Plain.byId((plain) => plain.id),
    (state) => [state, answer(Asked, state)],
  )
  .on(alarm, (state) => [state, answer(Asked, state)]);

test('a decider answers the event that its handler handles, the one that begins it and the last one too', async () => {
  const instance = new Instance(counting);
  await instance.starts(Asked, { id: 'first' }, { id: 'a' });
  await instance.starts(Asked, { id: 'next' }, { id: 'b' });
  await instance.reload();
  await instance.starts(Asked, { id: 'last' }, { id: 'c' });
  expect(instance.entries('EventAnswered')).toMatchObject([
    { id: 'a', event: 'shop.asked', data: { n: 1 } },
    { id: 'b', data: { n: 2 } },
    { id: 'c', data: { n: 3 } },
  ]);
  expect(instance.status).toBe('completed');
});

test.each([
  ['answers an event twice', 'twice', 'counting answers shop.asked once in the handler of that event, and nowhere else'],
  ['answers an event without an answer', 'plain', 'counting answers shop.plain, which declares no answer'],
  ['breaks the schema of the answer', 'wrong', 'shop.asked was answered with'],
])('a decider that %s is stuck', async (_what, id, message) => {
  const instance = new Instance(counting);
  await instance.starts(Asked, { id });
  expect(instance.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining(message) });
});

test('a decider that answers in the handler of another event or of a timer is stuck', async () => {
  const other = new Instance(counting);
  await other.starts(Plain, { id: 'x' });
  expect(other.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining('in the handler of that event') });
  const late = new Instance(counting);
  await late.starts(Asked, { id: 'later' });
  await late.passes('1 minute');
  expect(late.bug).toMatchObject({ code: 'POISON', message: expect.stringContaining('in the handler of that event') });
});
