import { build, type Metafile } from 'esbuild';
import { expect, test } from 'vitest';

/** Packages that are loaded when a module is imported, before anything of it is called. */
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

test.each(['lib/index.ts', 'lib/client/index.ts', 'lib/local/index.ts', 'lib/testing/index.ts'])(
  '%s loads no SDK when it is imported',
  async (entry) => {
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
    expect(loadedAtOnce(metafile, entry).filter((name) => /^@(?:aws-sdk|smithy)\//.test(name))).toEqual([]);
  },
);
