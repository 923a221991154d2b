import { readFileSync } from 'node:fs';
import { build, type Metafile } from 'esbuild';
import { expect, test } from 'vitest';

/** Returns the packages that the import of a module loads. */
function loadedAtOnce({ inputs }: Metafile, entry: string): readonly string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const left = [entry];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { path: imported, kind, external } of inputs[path]!.imports) {
      if (kind !== 'import-statement') continue;
      if (external === true) packages.add(imported);
      else left.push(imported);
    }
  }
  return [...packages];
}

const { peerDependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Readonly<
  Record<'peerDependencies' | 'optionalDependencies', object>
>;
/** Packages that may not be installed. */
const perhapsMissing = new Set(Object.keys({ ...peerDependencies, ...optionalDependencies }));
const ENTRIES = ['index', 'service/index', 'client/index', 'local/index', 'testing/index', 'cdk/index'].map((name) => `lib/${name}.ts`);

test.each([...ENTRIES, 'bin/tutti.ts'])('the import of %s loads no SDK and no other optional package', async (entry) => {
  const own = entry.startsWith('lib/cdk/') ? ['aws-cdk-lib', 'constructs'] : [];
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  expect(Object.keys(metafile.inputs)).toContain(entry);
  const loaded = loadedAtOnce(metafile, entry).filter((name) => name.startsWith('@smithy/') || perhapsMissing.has(name));
  expect(loaded.filter((name) => !own.includes(name))).toEqual([]);
});
