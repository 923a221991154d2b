import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service } from '../../lib/index.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { EngineRig, operation } from './engine-rig.ts';

const Go = event('t.go', z.object({ id: z.string() }));
const svc = service('svc', { ask: command({ input: z.object({}) }) });
const started = <N extends string>(name: N) =>
  process(name, { startOn: Go.byId((go) => go.id) }, async (ctx) => void (await ctx.call(svc.ask, {})));
const NAMES = ['cook', 'pilot', 'medic'] as const;
const pidOf = (name: string): string => `default#${name}#x`;

/** One event for three processes that has been delivered often, so it runs under marks; the pilot has ended its worker so many times. */
const suspect = async (ended: number) => {
  const rig = new EngineRig(NAMES.map(started), [svc]);
  rig.happens(Go, { id: 'x' });
  const body = rig.bodies.at(-1) as string;
  const message = { messageId: 'm', receiptHandle: 'r', body, sentAt: rig.clock.now(), receiveCount: 9 };
  await rig.purges();
  for (let begun = 0; begun < ended; begun += 1) await rig.parking.attempt(`m/${pidOf('pilot')}`, 1);
  return { rig, message };
};

const heads = (rig: EngineRig): Promise<(Head | undefined)[]> => Promise.all(NAMES.map((name) => rig.head(pidOf(name))));
const statuses = async (rig: EngineRig): Promise<unknown[]> => (await heads(rig)).map((head) => head?.status);

describe('one event for several instances that ended its worker', () => {
  test('the instance that it ended the worker in gets stuck, and the others go on', async () => {
    const { rig, message } = await suspect(3);
    expect(await rig.engine.advance([message])).toEqual({ acknowledge: ['r'], giveBack: [] });
    expect(await statuses(rig)).toEqual(['running', 'stuck', 'running']);
    expect((await heads(rig))[1]?.why).toContain('ended its worker 3 times');
    expect(await Promise.all(NAMES.map((name) => rig.parking.parked(pidOf(name))))).toMatchObject([[], [{ reason: 'STUCK' }], []]);
    expect(await rig.commands('svc')).toHaveLength(2);
  });

  test('the stuck instance starts when it is resumed', async () => {
    const { rig, message } = await suspect(3);
    await rig.engine.advance([message]);
    rig.operates(operation('resume', pidOf('pilot')));
    await rig.advance();
    expect(await statuses(rig)).toEqual(['running', 'running', 'running']);
  });

  test('each instance runs before the limit, and no mark is left of what has ended', async () => {
    const { rig, message } = await suspect(2);
    expect(await rig.engine.advanceSuspect(message)).toEqual({ acknowledge: ['r'], giveBack: [] });
    expect(await statuses(rig)).toEqual(['running', 'running', 'running']);
    const marks = ['m', ...NAMES.map((name) => `m/${pidOf(name)}`)];
    expect(await Promise.all(marks.map((mark) => rig.parking.attempt(mark, 1)))).toEqual([1, 1, 3, 1]);
  });

  test('an event that another worker has applied meanwhile only repeats its sends', async () => {
    const { rig, message } = await suspect(0);
    await rig.engine.advance([message]);
    await rig.commands('svc');
    for (let begun = 0; begun < 3; begun += 1) await rig.parking.attempt(`m/${pidOf('pilot')}`, 1);
    expect(await rig.engine.advance([message])).toEqual({ acknowledge: ['r'], giveBack: [] });
    expect(await statuses(rig)).toEqual(['running', 'running', 'running']);
    expect(await rig.commands('svc')).toHaveLength(3);
  });
});
