import { describe, expect, test } from 'vitest';
import type { Head } from '../../lib/ports/process-store.ts';
import { Checkout, flights, notes, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
const MINUTE = 60_000;

/** A trip that has asked for a flight, and whose head another build has written since. */
const written = async (format: string, change: Partial<Head> = {}): Promise<EngineRig> => {
  const rig = new EngineRig(
    [
      tripOf(async (ctx) => {
        await ctx.waitFor(Nudge);
        await ctx.call(flights.book, { to: 'Oslo' });
      }),
    ],
    services,
  );
  rig.happens(Checkout, { id: 'a' }, 'one');
  await rig.advance();
  await rewrite(rig, (head) => ({ ...change, control: head.control.replace('"format":2', format) }));
  return rig;
};

const rewrite = async (rig: EngineRig, change: (head: Head) => Partial<Head>): Promise<void> => {
  const head = (await rig.head(PID))!;
  const next: Head = { ...head, ...change(head), version: head.version + 1 };
  const expected =
    head.status === 'stuck' ? { kind: 'stuck', version: head.version } : { kind: 'at', version: head.version, run: head.run };
  expect(await rig.store.commit(next, expected as never)).toEqual({ status: 'committed' });
  rig.engine.forget();
};

describe.each([
  ['of an older build', '"format":1'],
  ['of a newer build', '"format":3'],
  ['of no format', '"form":2'],
])('an event for a head %s', (_name, format) => {
  test('is given back for a quarter of an hour, then its instance is stuck, with its state as it was', async () => {
    const rig = await written(format);
    const { control, tail } = (await rig.head(PID))!;
    rig.happens(Nudge, { id: 'a' });
    await rig.pass(14 * MINUTE);
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    await rig.pass(3 * MINUTE);
    const head = (await rig.head(PID))!;
    expect(head).toMatchObject({ status: 'stuck', control, tail });
    expect(JSON.parse(head.why!)).toMatchObject({
      code: 'STATE_FORMAT',
      was: 'running',
      message: expect.stringContaining('this build reads format 2'),
    });
    expect((await rig.parking.parked(PID)).map(({ reason }) => reason)).toContain('STUCK');
    expect(rig.notices).toContainEqual(expect.objectContaining({ kind: 'stuck', reason: 'STATE_FORMAT', pid: PID }));
  });
});

test('a resume by a build that reads the state lets the instance go on with what was parked', async () => {
  const rig = await written('"format":3');
  rig.happens(Nudge, { id: 'a' });
  await rig.pass(20 * MINUTE);
  await rewrite(rig, ({ control }) => ({ control: control.replace('"format":3', '"format":2') }));
  rig.operates(operation('resume', PID));
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'running' });
  expect(await rig.commands('flights')).toHaveLength(1);
  expect(await rig.parking.parked(PID)).toEqual([]);
});

test('an act on a head that cannot be read is refused at once, and the head names it', async () => {
  const rig = await written('"format":3');
  const { control } = (await rig.head(PID))!;
  const act = operation('terminate', PID);
  rig.operates(act);
  await rig.advance();
  const head = (await rig.head(PID))!;
  expect(head).toMatchObject({ status: 'stuck', control });
  expect(JSON.parse(head.why!)).toMatchObject({ code: 'STATE_FORMAT', refused: act.opid });
  const again = { ...operation('terminate', PID), opid: 'second' };
  rig.operates(again);
  await rig.advance();
  expect(JSON.parse((await rig.head(PID))!.why!)).toMatchObject({ code: 'STATE_FORMAT', was: 'running', refused: again.opid });
});

test('the state of an instance without a run has no format, and is read by every build', async () => {
  const rig = await written('"format":3', { status: 'stuck', run: '', why: JSON.stringify({ code: 'POISON', message: '', was: 'early' }) });
  await rewrite(rig, () => ({ control: '' }));
  rig.operates(operation('resume', PID));
  await rig.advance();
  expect(await rig.head(PID)).toMatchObject({ status: 'early' });
});

describe('a run that has taken a change of the newer build', () => {
  /** A worker of the older build has no copy of it in memory, and gets its next event. */
  const changed = async (): Promise<{ readonly rig: EngineRig; readonly deploy: (build: 'older' | 'newer') => void }> => {
    let build = 'newer';
    const trip = tripOf(async (ctx) => {
      if (build === 'newer' && ctx.patched('tell')) await ctx.call(notes.notify, { text: 'first' });
      await ctx.waitFor(Nudge);
    });
    const rig = new EngineRig([trip], services);
    rig.happens(Checkout, { id: 'a' }, 'one');
    await rig.advance();
    const deploy = (next: 'older' | 'newer'): void => {
      build = next;
      rig.engine.forget();
    };
    deploy('older');
    return { rig, deploy };
  };

  test.each([
    ['an event', (rig: EngineRig) => rig.happens(Nudge, { id: 'a' })],
    ['an operation', (rig: EngineRig) => rig.operates(operation('cancel', PID))],
  ])('gets %s from a worker of the newer build, if one takes it within a quarter of an hour', async (_name, send) => {
    const { rig, deploy } = await changed();
    send(rig);
    await rig.pass(10 * MINUTE);
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    deploy('newer');
    await rig.pass(2 * MINUTE);
    expect((await rig.head(PID))!.status).not.toBe('stuck');
    expect((await rig.head(PID))!.tail.some((entry) => /EventReceived|CancelRequested/.test(entry))).toBe(true);
  });

  test('is stuck after that, and the reason names the change', async () => {
    const { rig } = await changed();
    rig.happens(Nudge, { id: 'a' });
    await rig.pass(17 * MINUTE);
    const head = (await rig.head(PID))!;
    expect(head.status).toBe('stuck');
    expect(JSON.parse(head.why!)).toEqual({
      code: 'NONDETERMINISM',
      message: expect.stringContaining('The run has taken the change tell, for which this code does not ask.'),
      was: 'running',
    });
  });
});
