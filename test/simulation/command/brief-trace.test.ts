import { expect, test } from 'vitest';
import { briefTrace } from './brief-trace.ts';

test('a brief trace keeps each happening, and the calls that did not return', () => {
  const trace = [
    '      0.000 s  outside: publish shop.ordered o-1',
    '      0.000 s  bus accepted shop.ordered o-1',
    '      0.000 s  inbox accepted m1 o-1',
    '      0.000 s  engine-1 load p',
    '      0.000 s  engine-1 load p done',
    '      0.000 s  engine-1 commit p',
    '      0.000 s  engine-1 committed p 1 running',
    '      0.000 s  engine-1 commit p done',
    '      0.000 s  stock-1 in a handler',
    '      0.000 s  engine-1 send stock',
    '      0.000 s  fault: crash',
    '      1.500 s  engine-2 send stock',
    '      1.500 s  stock accepted m2 p/r/1',
    '      1.500 s  engine-2 send stock done',
    '      1.500 s  inbox deletes m1',
    '      1.500 s  inbox deletes m3',
    '      2.500 s  inbox deletes m4',
    '      2.500 s  bus accepted shop.told t-1',
  ];
  expect(briefTrace(trace)).toEqual([
    '      0.000 s  outside: publish shop.ordered o-1',
    '      0.000 s  inbox accepted m1 o-1',
    '      0.000 s  engine-1 committed p 1 running',
    '      0.000 s  engine-1 send stock',
    '      0.000 s  fault: crash',
    '      1.500 s  stock accepted m2 p/r/1',
    '      1.500 s  inbox deletes m1, m3',
    '      2.500 s  inbox deletes m4',
    '      2.500 s  bus accepted shop.told t-1',
  ]);
});

test('a call that begins again before it returns counts as one that did not return', () => {
  expect(briefTrace(['      0.000 s  a send q', '      0.000 s  a send q', '      0.000 s  a send q done'])).toEqual([
    '      0.000 s  a send q',
  ]);
});

test('a long line is cut', () => {
  expect(briefTrace([`      0.000 s  ${'x'.repeat(400)}`])[0]).toHaveLength(165);
});
