import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { commentsOf } from './citations.ts';
import { readTree } from './source-tree.ts';

/** One comment that names the three, in this order. */
const HEADER = /\/\*\*(?:(?!\*\/)[^])*?\bInput: (?:(?!\*\/)[^])*?\bOutput: (?:(?!\*\/)[^])*?\bTrunk:/;

/** Folders without a trunk, and the reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  lib: 'only the public index',
  'lib/ports': 'one interface per file',
  'lib/adapters': 'one file or two for all adapters',
  'lib/adapters/aws': 'names and settings that the AWS adapters share',
  'lib/adapters/eventbridge': 'one adapter per port',
  'lib/adapters/memory': 'one adapter per port',
  'lib/adapters/s3': 'one adapter per port',
  'lib/adapters/sqs': 'one adapter per port',
  'lib/adapters/system': 'one adapter per port',
};

const files = [...readTree().values()].filter(({ path }) => path.startsWith('lib/'));
const folders = [...new Set(files.map(({ path }) => dirname(path)))].filter((folder) => !Object.hasOwn(WITHOUT, folder));

test.each(folders)('one main file of %s states input, output and trunk of the folder', (folder) => {
  const headed = files.filter(({ path, text, plain }) => dirname(path) === folder && HEADER.test(commentsOf(text, plain)));
  expect(
    headed.map(({ path }) => path),
    'Write "Input: … Output: … Trunk: …" into one comment of the main file of this folder, and of no other file',
  ).toHaveLength(1);
});

test('a folder without a trunk exists', () => {
  expect(Object.keys(WITHOUT).filter((folder) => !files.some(({ path }) => path.startsWith(`${folder}/`)))).toEqual([]);
});
