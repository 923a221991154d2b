import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layerPicture, layersOf } from './layer-picture.ts';
import { readTree, root } from './source-tree.ts';

const page = join(root, 'docs/layers.svg');
/** The number of files changes with each new file. Without it, the picture changes only with a layer or an import between layers. */
const withoutCounts = (svg: string): string => svg.replaceAll(/>\d+ files</g, '>files<');

test('docs/layers.svg shows the imports between the layers; WRITE_LAYERS=1 writes it', () => {
  const picture = layerPicture(layersOf(readTree()));
  if (process.env['WRITE_LAYERS'] === '1') writeFileSync(page, picture);
  expect(withoutCounts(readFileSync(page, 'utf8')), 'Imports between layers have changed: run this test with WRITE_LAYERS=1').toBe(
    withoutCounts(picture),
  );
});

test('a layer stands above the layers that it imports, and an arrow that follows from two others is left out', () => {
  const layer = (name: string, ...imports: string[]) => ({ name, files: 1, imports: new Set(imports) });
  const picture = layerPicture([layer('top', 'middle', 'base'), layer('middle', 'base'), layer('base')]);
  expect(picture.match(/marker-end/g)).toHaveLength(2);
  const heights = [...picture.matchAll(/y="([\d.]+)" text-anchor="middle" font-size="15"[^>]*>(\w+)</g)].map(
    ([, y, name]) => [name, Number(y)] as const,
  );
  expect(heights.toSorted((one, other) => one[1] - other[1]).map(([name]) => name)).toEqual(['top', 'middle', 'base']);
});
