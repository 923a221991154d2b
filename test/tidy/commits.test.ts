import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root } from './source-tree.ts';

/** The last commit before subjects were held to a form. A shallow clone does not have it: there the newest commit alone is read. */
const BASE = 'bbd01690518c1a1c2346c633aca97045b8a3454d';
const SUBJECT = /^[a-z][\w.,/ -]*: [^\s].*[^.\s]$/;
const CHARACTERS_MAX = 72;

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

function subjects(): readonly string[] {
  try {
    return git('log', '--format=%s', '--no-merges', `${BASE}..HEAD`).split('\n').filter(Boolean);
  } catch {
    return git('log', '-1', '--format=%s', '--no-merges').split('\n').filter(Boolean);
  }
}

const faultOf = (subject: string): string[] => [
  ...(subject.length > CHARACTERS_MAX ? [`"${subject}" has ${subject.length} characters: at most ${CHARACTERS_MAX}`] : []),
  ...(SUBJECT.test(subject) ? [] : [`"${subject}": expected "scope: imperative", the scope in lower case, no full stop`]),
];

test('the subject of each commit is scope: imperative, at most 72 characters', () => {
  expect(subjects().flatMap(faultOf)).toEqual([]);
});

test('a subject without scope, one that is too long and one that ends as a sentence are faults', () => {
  expect(faultOf('engine: fix resume of an instance that was terminated')).toEqual([]);
  expect(['Fix resume', `engine: ${'long '.repeat(14)}end`, 'engine: fix resume.'].map((subject) => faultOf(subject).length)).toEqual([
    1, 1, 1,
  ]);
});
