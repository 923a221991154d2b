import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { plantedBugs } from './bugs.ts';
import type { Patch, PlantedBug } from './planted-bug.ts';

/** The condition that switches a bug on. If none is on, the code behaves as if no bug were planted. */
export const switchedOn = (name: string): string => `(globalThis.__planted === '${name}')`;

interface Planting extends Patch {
  readonly bug: string;
}

/** Applies the patches of one file. If several bugs change the same text, each patch encloses the one before. */
export const plantInto = (source: string, plantings: readonly Planting[]): string => {
  let planted = source;
  const pieces = new Map<string, string>();
  for (const { bug, file, find, plant } of plantings) {
    const places = source.split(find).length - 1;
    assert.equal(places, 1, `The planted bug ${bug} must find its text in ${file} exactly once, and finds it ${places} times: ${find}`);
    const before = pieces.get(find) ?? find;
    const after = plant.replaceAll('PLANTED', switchedOn(bug)).replaceAll('ORIGINAL', () => before);
    assert(planted.includes(before), `The planted bug ${bug} overlaps with another bug of ${file}: ${find}`);
    planted = planted.replace(before, () => after);
    pieces.set(find, after);
  }
  return planted;
};

export const plantingsOf = (bugs: readonly PlantedBug[]): ReadonlyMap<string, readonly Planting[]> => {
  const byFile = new Map<string, Planting[]>();
  for (const { name, patches } of bugs)
    for (const patch of patches) byFile.set(patch.file, [...(byFile.get(patch.file) ?? []), { ...patch, bug: name }]);
  return byFile;
};

/** Builds production code with every planted bug, each behind its switch. */
export const plantBugs = (root: string, bugs: readonly PlantedBug[] = plantedBugs): Plugin => ({
  name: 'planted-bugs',
  setup(build) {
    const byFile = plantingsOf(bugs);
    build.onLoad({ filter: /[/\\](lib|functions)[/\\].*\.ts$/ }, async ({ path }) => {
      const plantings = byFile.get(relative(root, path).split(sep).join('/'));
      if (!plantings) return undefined;
      return { contents: plantInto(await readFile(path, 'utf8'), plantings), loader: 'ts' };
    });
  },
});
