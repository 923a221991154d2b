import { expect, test } from 'vitest';
import { process } from 'tutti';
import type { OperationMessage } from '../../lib/format/inbox-message.ts';
import { parseEntry } from '../../lib/format/read-journal.ts';
import { Checkout, Nudge, notes, services } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
const options = { startOn: Checkout.byId(({ id }) => id), receives: [Nudge.byId(({ id }) => id)] };

/** Waits for two nudges, and then tells its version. Its last step is the only difference of the versions 1 to 3. */
const version = (number: 1 | 2 | 3) =>
  process('trip', { ...options, version: number }, async (ctx) => {
    for (let n = 0; n < 2; n += 1) {
      const { word } = await ctx.waitFor(Nudge);
      if (word === 'bug') throw new TypeError('the code is wrong');
    }
    return number;
  });
/** A version whose first step no other version has. */
const other = process('trip', { ...options, version: 4 }, async (ctx) => {
  await ctx.call(notes.notify, { text: 'first' });
  await ctx.waitFor(Nudge);
});

const move = (to: number, opid = `move-${to}`): OperationMessage => ({ ...operation('move', PID), opid, version: to });

/** An instance of version 3, which has the code of the newest version in memory. */
const begun = async (): Promise<EngineRig> => {
  const before = new EngineRig([version(3), version(2), version(1)], services);
  before.happens(Checkout, { id: 'a' });
  await before.advance();
  return before;
};
const definitionOf = async (rig: EngineRig): Promise<string | undefined> => (await rig.head(PID))?.definition;
const entriesOf = async (rig: EngineRig) => ((await rig.head(PID))?.tail ?? []).map(parseEntry);
const parkedOf = async (rig: EngineRig) => (await rig.parking.parked(PID)).map(({ reason, detail }) => `${reason}: ${detail}`);

test('a running instance moves to another version that replays its journal, and ends on it, with its copy in memory or without', async () => {
  for (const isWarm of [true, false]) {
    const rig = await begun();
    rig.happens(Nudge, { id: 'a' });
    await rig.advance();
    if (!isWarm) rig.engine.forget();
    rig.operates(move(1));
    await rig.advance();
    expect(await definitionOf(rig)).toBe('trip@1');
    expect((await entriesOf(rig)).at(-1)).toMatchObject({ type: 'Moved', id: 'move-1', definition: 'trip@1', reason: 'test', by: 'test' });
    rig.happens(Nudge, { id: 'a' });
    await rig.advance();
    expect((await entriesOf(rig)).at(-1)).toMatchObject({ type: 'ProcessCompleted', data: 1 });
  }
});

test('a move in one batch with events replays what is committed, and loses none of them', async () => {
  const rig = await begun();
  rig.happens(Nudge, { id: 'a' });
  rig.operates(move(2));
  rig.operates(move(1));
  rig.happens(Nudge, { id: 'a' });
  await rig.advance();
  expect((await entriesOf(rig)).map(({ type }) => type)).toEqual([
    'ProcessStarted',
    'EventReceived',
    'EventTaken',
    'Moved',
    'Moved',
    'EventReceived',
    'EventTaken',
    'ProcessCompleted',
  ]);
  expect((await entriesOf(rig)).at(-1)).toMatchObject({ data: 1 });
});

test('a version that does not replay the journal, or that is not listed, is refused, and the instance goes on as it was', async () => {
  const before = await begun();
  const rig = before.deployed([other, version(3)]);
  rig.operates(move(4));
  rig.operates(move(9));
  await rig.advance();
  expect(await definitionOf(rig)).toBe('trip@3');
  expect((await rig.head(PID))?.status).toBe('running');
  expect(await parkedOf(rig)).toEqual([
    expect.stringMatching(/^REFUSED: NONDETERMINISM: .*the code now decides CommandIssued notes\.notify:1/),
    expect.stringMatching(/^REFUSED: UNKNOWN_VERSION: .*trip@9/),
  ]);
  for (let n = 0; n < 2; n += 1) rig.happens(Nudge, { id: 'a' });
  await rig.advance();
  expect((await entriesOf(rig)).at(-1)).toMatchObject({ type: 'ProcessCompleted', data: 3 });
});

test('a move that is delivered again, or to the version of the run, changes nothing', async () => {
  const rig = await begun();
  rig.operates(move(1));
  rig.operates(move(1));
  rig.operates(move(1, 'other'));
  await rig.advance();
  expect((await entriesOf(rig)).filter(({ type }) => type === 'Moved')).toHaveLength(1);
  rig.operates(move(2));
  await rig.advance();
  rig.operates(move(1));
  await rig.advance();
  expect(await definitionOf(rig)).toBe('trip@2');
});

test('a stuck or paused instance moves when it is resumed, and a closed one does not', async () => {
  const stuck = await begun();
  stuck.happens(Nudge, { id: 'a', word: 'bug' });
  await stuck.pass(10_000);
  expect((await stuck.head(PID))?.status).toBe('stuck');
  stuck.operates(move(1));
  await stuck.advance();
  expect(await definitionOf(stuck)).toBe('trip@3');
  expect(await parkedOf(stuck)).toContainEqual(expect.stringMatching(/^STUCK: /));

  const paused = await begun();
  paused.operates(operation('pause', PID));
  paused.operates(move(1));
  await paused.advance();
  expect(await definitionOf(paused)).toBe('trip@3');
  paused.operates(operation('resume', PID));
  await paused.advance();
  expect(await definitionOf(paused)).toBe('trip@1');

  const closed = await begun();
  for (let n = 0; n < 2; n += 1) closed.happens(Nudge, { id: 'a' });
  await closed.advance();
  closed.operates(move(1));
  await closed.advance();
  expect(await definitionOf(closed)).toBe('trip@3');
  expect(await parkedOf(closed)).toEqual([]);
});

test('a move without a version is malformed', async () => {
  const rig = await begun();
  const { version: _version, ...without } = move(1);
  rig.operates(without);
  await rig.advance();
  expect(await definitionOf(rig)).toBe('trip@3');
  expect(rig.notices).toContainEqual(expect.objectContaining({ kind: 'parked', reason: 'MALFORMED' }));
});

test('a stuck instance that resumes journals the reason, and the version if the operator names one', async () => {
  for (const [named, definition] of [
    [{}, undefined],
    [{ version: 2 }, 'trip@2'],
  ] as const) {
    const rig = await begun();
    rig.happens(Nudge, { id: 'a', word: 'bug' });
    for (let deliveries = 0; deliveries < 3; deliveries += 1) await rig.pass(60_000);
    expect((await rig.head(PID))?.status).toBe('stuck');
    rig.operates({ ...operation('resume', PID), reason: 'the word is fixed', ...named });
    await rig.advance();
    const resumed = (await entriesOf(rig)).find(({ type }) => type === 'Resumed');
    expect(resumed).toMatchObject({ code: 'POISON', by: 'test', reason: 'the word is fixed' });
    expect(resumed && 'definition' in resumed ? resumed.definition : undefined).toBe(definition);
  }
});
