import { expect, test } from 'vitest';
import { ageText, instanceTable } from '../../bin/instance-table.ts';
import { Terminal } from '../../bin/terminal.ts';
import type { ListedInstance } from '../../lib/client/operations/operations.ts';

const stream = (columns: number): NodeJS.WriteStream => ({ isTTY: true, columns, write: () => true }) as unknown as NodeJS.WriteStream;
const terminal = (columns: number): Terminal => new Terminal(stream(columns), stream(columns), { NO_COLOR: '1' });

const NOW = Date.parse('2026-11-29T12:00:00Z');
const listed = (id: string, status: ListedInstance['status'], started: string, why: string): ListedInstance => ({
  process: 'book-seat',
  id,
  run: 'r1',
  status,
  started,
  why,
});
const instances = [
  listed('cart-100', 'running', '2026-11-29T11:57:00Z', 'waits for desk.book since 2026-11-29T11:57:00.000Z'),
  listed('c-2', 'completed', '2026-11-25T12:00:00Z', 'completed'),
];

test('a terminal shows instances as a table with ages, and cuts the last column at its width', () => {
  expect(instanceTable(terminal(70), instances, NOW)).toEqual([
    'PROCESS    ID        STATUS     AGE  WHY',
    'book-seat  cart-100  running    3m   waits for desk.book since 2026-1…',
    'book-seat  c-2       completed  4d   completed',
  ]);
});

test('the row of a fork names its original', () => {
  const fork = {
    ...listed('c-2~f1', 'completed', '2026-11-29T11:00:00Z', 'completed'),
    original: { process: 'book-seat', id: 'c-2', entries: 3 },
  };
  expect(instanceTable(terminal(80), [fork], NOW)[1]).toBe('book-seat  c-2~f1  completed  1h   completed; a fork of c-2');
});

test('a narrow terminal wraps the last column instead of cutting it', () => {
  expect(instanceTable(terminal(40), instances, NOW).join('\n')).toContain('since 2026-11-29T11:57:00.000Z');
});

test('an age is printed in its largest unit', () => {
  expect([-5, 0, 59_999, 60_000, 7_199_999, 172_800_000].map(ageText)).toEqual(['0s', '0s', '59s', '1m', '1h', '2d']);
});
