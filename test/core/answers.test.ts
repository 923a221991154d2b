import { expect, test } from 'vitest';
import * as z from 'zod';
import { event, process } from 'tutti';
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
