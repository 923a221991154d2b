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
