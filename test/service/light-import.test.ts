import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The modules that a module loads at its import, without imports of types and dynamic imports. */
function loadedBy(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm);
  return Array.from(statements, ([, specifier]) => specifier as string);
}

function reachedFrom(start: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const left = [start];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const specifier of loadedBy(file)) {
      if (specifier.startsWith('.')) left.push(join(dirname(file), specifier));
      else reached.add(specifier);
    }
  }
  return reached;
}

test('a module that serves loads no SDK, no queue and no consumer until the first command', () => {
  const reached = [...reachedFrom(join(root, 'lib/service/index.ts'))].map((each) => (each.startsWith(root) ? relative(root, each) : each));
  expect(reached).toContain('lib/service/serve.ts');
  expect(reached).toContain('lib/adapters/aws/environment.ts');
  expect(
    reached.filter((each) =>
      /^@|^lib\/adapters\/(?!aws\/environment|aws\/sdk-packages|system\/package-missing)|consumer|lambda|poll/.test(each),
    ),
  ).toEqual([]);
});
