import { describe, expect, test } from 'vitest';
import { requireHead } from '../../lib/client/instance.ts';
import { readHeadJournal, runsOfChain, type JournalOptions } from '../../lib/client/operations/journal-view.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { head, memoryPorts } from './ports.ts';

const entry = (n: number): JournalEntry => ({ type: 'TimerFired', at: n, n });
const texts = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => JSON.stringify(entry(from + at)));
const pid = 'default#order#o-1';
const journalOf = async (ports: ReturnType<typeof memoryPorts>, options?: JournalOptions): Promise<JournalEntry[]> =>
  readHeadJournal(ports, await requireHead(ports, pid), options);

describe('readHeadJournal', () => {
  test('readHeadJournal merges overlapping chunks and the tail by index', async () => {
    const ports = memoryPorts();
    await ports.store.spill({ pid, run: 'r1', from: 0, entries: texts(0, 3) });
    await ports.store.spill({ pid, run: 'r1', from: 2, entries: texts(2, 6) });
    await ports.store.spill({ pid, run: 'r0', from: 0, entries: texts(50, 60) });
    await ports.put(head({ tailFrom: 5, tail: texts(5, 8) }));
    expect(await journalOf(ports)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(entry));
  });

  test('readHeadJournal omits entries that a losing writer spilled beyond the tail', async () => {
    const ports = memoryPorts();
    await ports.store.spill({ pid, run: 'r1', from: 0, entries: texts(0, 9) });
    await ports.put(head({ tailFrom: 2, tail: texts(2, 4) }));
    expect(await journalOf(ports)).toHaveLength(4);
  });

  test('readHeadJournal refuses a journal with a gap', async () => {
    const ports = memoryPorts();
    await ports.store.spill({ pid, run: 'r1', from: 0, entries: texts(0, 2) });
    await ports.put(head({ tailFrom: 3, tail: texts(3, 4) }));
    await expect(journalOf(ports)).rejects.toMatchObject({
      name: 'DataLost',
      code: 'JOURNAL_GAP',
      message: expect.stringContaining('no entry 2'),
    });
  });

  test('refuses a journal whose value is no longer in the payload store', async () => {
    const ports = memoryPorts();
    const stored = { type: 'ProcessCompleted', path: '', dataref: 'a'.repeat(64) } as const;
    await ports.put(head({ tail: [JSON.stringify(stored)] }));
    await expect(journalOf(ports)).rejects.toMatchObject({
      name: 'DataLost',
      code: 'PAYLOAD_MISSING',
      message: `The payload store has no value ${stored.dataref}, which ${pid} refers to.`,
    });
  });

  test('readHeadJournal reads values from the payload store unless payloads is false', async () => {
    const ports = memoryPorts();
    const stored = { type: 'ProcessCompleted', path: '', dataref: 'a'.repeat(64) } as const;
    await ports.payloads.put(head().pid, stored.dataref, '{"long":"text"}');
    await ports.put(head({ tail: [JSON.stringify(stored)] }));
    expect(await journalOf(ports)).toEqual([{ type: 'ProcessCompleted', path: '', data: { long: 'text' } }]);
    expect(await journalOf(ports, { payloads: false })).toEqual([stored]);
  });

  test('readHeadJournal reads the stored input of a late success, from which the replay makes the undo', async () => {
    const ports = memoryPorts();
    const late = { run: 'r1', command: 'payments.charge', inputref: 'b'.repeat(64) };
    const stored = { type: 'CommandAnswered', at: 5, n: 2, outcome: 'completed', late } as unknown as JournalEntry;
    await ports.payloads.put(head().pid, late.inputref, '{"note":"long"}');
    await ports.put(head({ tail: [JSON.stringify(stored)] }));
    expect(await journalOf(ports)).toEqual([
      {
        type: 'CommandAnswered',
        at: 5,
        n: 2,
        outcome: 'completed',
        late: { run: 'r1', command: 'payments.charge', input: { note: 'long' } },
      },
    ]);
    expect(await journalOf(ports, { payloads: false })).toEqual([stored]);
  });

  test('runsOfChain reads all runs, the current one first, and refuses a chain whose first run is no longer kept', async () => {
    const ports = memoryPorts();
    const started = (run?: string): string =>
      JSON.stringify({ type: 'ProcessStarted', at: 0, ...(run && { continues: { run, number: 2 } }) });
    await ports.store.spill({ pid, run: 'r0', from: 0, entries: [started(), ...texts(1, 3)] });
    await ports.put(head({ tail: [started('r0'), ...texts(1, 2)] }));
    const runs = async (): Promise<unknown[]> => {
      const read = [];
      for await (const { run, entries } of runsOfChain(ports, await requireHead(ports, pid), {})) read.push([run, entries.length]);
      return read;
    };
    expect(await runs()).toEqual([
      ['r1', 2],
      ['r0', 3],
    ]);
    await ports.put(head({ version: 2, tail: [started('gone')] }));
    await expect(runs()).rejects.toMatchObject({
      code: 'JOURNAL_GAP',
      message: 'The journal of the run gone of order o-1 is no longer kept.',
    });
  });

  test('readHeadJournal returns no entry for the head of early events', async () => {
    const ports = memoryPorts();
    await ports.store.buffer({ pid, body: '{}', max: 10, expiresAt: 1 });
    await expect(journalOf(ports)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
