import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { flowsOf } from '../../lib/flow/flows.ts';
import { filesUnder } from '../tidy/source-tree.ts';

const defines = (file: string): boolean => /\b(?:process|decider)\(\s*'/.test(readFileSync(file, 'utf8'));
const files = ['examples', 'test', 'bench'].flatMap((folder) => filesUnder(folder).filter((file) => file.endsWith('.ts') && defines(file)));
/** A test cannot be imported, so its names come from the text. */
const importable = (file: string): boolean => !/\.test\.ts$|^test\/types\//.test(file);

test('of the processes in examples, tests and bench, at least 95 of 100 have a complete diagram', async () => {
  const values = await flowsOf(files.filter(importable), async (url) =>
    importable(url) && !url.includes('/lib/') ? await import(url) : {},
  );
  const texts = await flowsOf(files.filter((file) => !importable(file)));
  const flows = new Map([...texts, ...values].map((flow) => [`${flow.nodes[0]?.file}:${flow.nodes[0]?.line}:${flow.process}`, flow]));
  const incomplete = [...flows.values()].filter(({ unresolved }) => unresolved.length > 0);
  expect(flows.size).toBeGreaterThan(200);
  const named = incomplete.map(
    ({ process, nodes, unresolved }) => `${basename(nodes[0]?.file ?? '')} ${process}: ${unresolved.join('; ')}`,
  );
  expect(named.length < flows.size * 0.05 ? [] : named).toEqual([]);
});
