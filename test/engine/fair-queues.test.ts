import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service } from 'tutti';
import { EngineRig } from './engine-rig.ts';

const Asked = event('shop.asked', z.object({ id: z.string() }));
const work = service('work', { run: command({ input: z.object({ id: z.string() }), output: z.object({}) }) });
const job = process('job', { startOn: Asked.byId(({ id }) => id) }, async (ctx, { id }) => ctx.call(work.run, { id }));

test('the commands of a tenant are a group of their own in the queue of a service, those of the default tenant a group for each process', async () => {
  const rig = new EngineRig([job], [work]);
  rig.happens(Asked, { id: 'a' });
  rig.happens(Asked, { id: 'a' }, 'of-acme', { tenant: 'acme' });
  await rig.advance();
  expect(rig.groups.toSorted()).toEqual(['acme', 'job']);
});
