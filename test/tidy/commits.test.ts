import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root } from './source-tree.ts';

/** The last commit before the rules for subjects. */
const BASE = 'bbd01690518c1a1c2346c633aca97045b8a3454d';
const SUBJECT = /^[a-z][\w.,/ -]*: [^\s].*[^.\s]$/;
const CHARACTERS_MAX = 72;

/** The subjects since BASE, or undefined without that history: in an archive of the files and in a shallow clone. */
function subjects(): readonly string[] | undefined {
  try {
    const git = ['log', '--format=%s', '--no-merges', `${BASE}..HEAD`];
    return execFileSync('git', git, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')
      .filter(Boolean);
  } catch {
    return undefined;
  }
}

const ours = subjects();

const faultOf = (subject: string): string[] => [
  ...(subject.length > CHARACTERS_MAX ? [`"${subject}" has ${subject.length} characters: at most ${CHARACTERS_MAX}`] : []),
  ...(SUBJECT.test(subject) ? [] : [`"${subject}": expected "scope: imperative", the scope in lower case, no full stop`]),
];

test('the subject of each commit has the form "scope: imperative" and at most 72 characters', ({ skip }) => {
  skip(ours === undefined, `this checkout lacks the history since ${BASE.slice(0, 7)}: it is an archive or a shallow clone`);
  expect(ours!.flatMap(faultOf)).toEqual([]);
});

test('a subject without a scope, one that is too long and one with a full stop are faults', () => {
  expect(faultOf('engine: fix resume of an instance that was terminated')).toEqual([]);
  expect(['Fix resume', `engine: ${'long '.repeat(14)}end`, 'engine: fix resume.'].map((subject) => faultOf(subject).length)).toEqual([
    1, 1, 1,
  ]);
});
