import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { journalTexts, readEntries } from '../../lib/format/read-journal.ts';
import type { JournalChunk } from '../../lib/ports/process-store.ts';

const texts = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `entry ${from + at}`);
const chunk = (from: number, to: number): JournalChunk => ({ pid: 'p', run: 'r', from, entries: texts(from, to) });
const place = (from: number, to: number) => ({ pid: 'p', run: 'r', tail: texts(from, to), tailFrom: from });
const storeOf = (...chunks: readonly JournalChunk[]) => ({ chunks: () => Promise.resolve(chunks) });

describe('the entries of a run', () => {
  test('are those of chunks that overlap and reach into the tail, each once, then the tail', async () => {
    expect(await journalTexts(storeOf(chunk(0, 3), chunk(2, 6)), place(5, 8))).toEqual(texts(0, 8));
  });

  test('stand in the head alone as long as none has left it: no chunk is read', async () => {
    const store = { chunks: () => Promise.reject(new Error('A chunk was read.')) };
    expect(await journalTexts(store, place(0, 4))).toEqual(texts(0, 4));
  });

  test.each([
    ['no chunk is there', [], 0],
    ['the last chunk ends before the tail begins', [chunk(0, 3)], 3],
    ['a chunk between two others is gone', [chunk(0, 2), chunk(3, 5)], 2],
  ])('are refused where %s: a shorter journal would be replayed as another one', async (_case, chunks, missing) => {
    await expect(journalTexts(storeOf(...chunks), place(5, 8))).rejects.toMatchObject({
      code: 'JOURNAL_GAP',
      retryable: true,
      message: `The journal of p, run r, has no entry ${missing}: expected entries 0 to 4 in chunks.`,
    });
  });
});

test('data and the input of a late success are read back, each value once', async () => {
  const read: string[] = [];
  const late = { run: 'r', command: 'payments.charge', inputref: 'input' };
  const entries = [
    { type: 'TimerFired', at: 1, n: 1 },
    { type: 'EventReceived', at: 1, event: 'a.b', id: 'x', source: 'a', time: '', dataref: 'data' },
    { type: 'CommandAnswered', at: 2, n: 2, outcome: 'completed', dataref: 'data', late },
  ];
  const whole = await readEntries(
    entries.map((entry) => JSON.stringify(entry)),
    async (name) => {
      read.push(name);
      return { of: name };
    },
  );
  expect(whole).toEqual([
    { type: 'TimerFired', at: 1, n: 1 },
    { type: 'EventReceived', at: 1, event: 'a.b', id: 'x', source: 'a', time: '', data: { of: 'data' } },
    {
      type: 'CommandAnswered',
      at: 2,
      n: 2,
      outcome: 'completed',
      data: { of: 'data' },
      late: { run: 'r', command: 'payments.charge', input: { of: 'input' } },
    },
  ] satisfies JournalEntry[]);
  expect(read).toEqual(['data', 'input']);
});
