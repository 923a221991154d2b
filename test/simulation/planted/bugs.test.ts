import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { notPlanted, plantedBugs } from './bugs.ts';
import { plantingsOf, plantInto } from './plant-bugs.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PROTOCOL_ROWS = ['65', '66', '67', '68', '69'].map((row) => `correctness.md | ${row}`);

/** The mutants: rows of models that must break an assertion, as `head.pml | NO_RESEND`. */
const mutants = ['protocol-rows.txt', 'service-rows.txt']
  .flatMap((file) => readFileSync(join(ROOT, 'test/models', file), 'utf8').split('\n'))
  .map((row) => row.split('|').map((cell) => cell.trim()))
  .filter(([, , , expected]) => expected === 'fail')
  .map(([model, name]) => `${model} | ${name}`);

const planted = plantedBugs.flatMap(({ rows }) => rows);

describe('the planted bugs', () => {
  test('cover every mutant of the models and every row of the protocol that asks for one, except those with a reason', () => {
    expect([...planted, ...Object.keys(notPlanted)].toSorted()).toEqual([...mutants, ...PROTOCOL_ROWS].toSorted());
  });

  test('have unique names', () => {
    const names = plantedBugs.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  test.each([...plantingsOf(plantedBugs)])('can all be planted into %s', async (file, plantings) => {
    const code = plantInto(readFileSync(join(ROOT, file), 'utf8'), plantings);
    await expect(transform(code, { loader: 'ts' })).resolves.toMatchObject({ warnings: [] });
    for (const { bug } of plantings) expect(code).toContain(`globalThis.__planted === '${bug}'`);
  });
});

describe('planting bugs into a source text', () => {
  const planting = { bug: 'LOST', file: 'lib/a.ts', find: 'send(all)', plant: 'PLANTED || ORIGINAL' };

  test('fails, and names the bug and the file, if the text to replace is missing or occurs twice', () => {
    expect(() => plantInto('send(some)', [planting])).toThrow(
      'The planted bug LOST must find its text in lib/a.ts exactly once, and finds it 0 times',
    );
    expect(() => plantInto('send(all); send(all)', [planting])).toThrow('finds it 2 times');
  });

  test('puts several bugs at one place, each around the one before', () => {
    expect(plantInto('send(all);', [planting, { ...planting, bug: 'LATE', plant: 'PLANTED ? 1 : (ORIGINAL)' }])).toBe(
      "(globalThis.__planted === 'LATE') ? 1 : ((globalThis.__planted === 'LOST') || send(all));",
    );
  });
});
