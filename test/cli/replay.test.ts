import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { replayAll, replayOpen } from '../../bin/replay.ts';
import { Terminal } from '../../bin/terminal.ts';

const NOTE = 'the code now decides ViewChanged view:1, which the journal does not hold after entry 3: it is skipped';
const runs = [
  { name: 'added.json', replay: async () => ({ differences: [], skipped: [NOTE] }) },
  { name: 'same.json', replay: async () => ({ differences: [], skipped: [] }) },
];

/** The exit code, and all that is printed. */
const printed = async (command: typeof replayAll, json: boolean): Promise<readonly [number, string]> => {
  const stream = new PassThrough();
  const terminal = new Terminal(stream as never, stream as never, {});
  const code = await command(terminal, runs, json);
  return [code, String(stream.read())];
};

test('tutti replay prints what a replay skips as a note, which is no difference', async () => {
  expect(await printed(replayAll, false)).toEqual([
    0,
    `same     added.json\n         note: ${NOTE}\nsame     same.json\n2 replayed, 0 differ.\n`,
  ]);
  expect((await printed(replayAll, true))[1]).toContain(JSON.stringify({ journal: 'added.json', differences: [], skipped: [NOTE] }));
});

test('contracts check counts a run with a note as one that replays', async () => {
  expect(await printed(replayOpen, false)).toEqual([0, '2 open runs replay on this code.\n']);
});

test('open runs that other code began are counted by definition, and are a fault until their code is accepted', async () => {
  const began = (name: string, definition: string, code?: string) => ({ ...runs[1]!, name, definition, code });
  const open = [
    began('a', 'trip@1', 'aaaa'),
    began('b', 'trip@1', 'bbbb'),
    began('c', 'user@1', 'cccc'),
    began('d', 'trip@1'),
    began('e', 'old@1', 'dddd'),
  ];
  const codes = { 'trip@1': { code: 'bbbb', kind: 'async' }, 'user@1': { code: 'eeee', kind: 'decider' } } as const;
  const replayed = async (accepted: readonly string[], json = false): Promise<readonly [number, string]> => {
    const stream = new PassThrough();
    const code = await replayAll(new Terminal(stream as never, stream as never, {}), open, json, { codes, accepted: new Set(accepted) });
    return [code, String(stream.read())];
  };
  expect(await replayed([])).toEqual([
    1,
    'changed  a\nsame     b\nchanged  c\nsame     d\nsame     e\n5 replayed, 0 differ.\n' +
      'trip@1: 1 open run was begun by other code than bbbb of this checkout. A replay checks only what they have done: put the change behind ctx.patched or a new version, or repeat the command with --accept bbbb.\n' +
      'user@1: 1 open run was begun by other code than eeee of this checkout.\n',
  ]);
  expect(await replayed(['bbbb'])).toEqual([
    0,
    expect.stringContaining('trip@1: 1 open run was begun by other code than bbbb of this checkout.\n'),
  ]);
  const [, json] = await replayed([], true);
  expect(json).toContain('{"journal":"a","differences":[],"begunBy":"aaaa","now":"bbbb"}');
  expect(json).toContain('{"changed":"trip@1","code":"bbbb","runs":1,"accepted":false}');
});
