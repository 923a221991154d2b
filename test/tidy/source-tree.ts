import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf, readSource, type Import, type SourceText } from './source-text.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface SourceFile extends SourceText {
  /** The path from the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const sourceFolders = ['lib', 'functions', 'bin', 'console', 'test', 'bench', 'examples'];
const foreignFolders = new Set(['node_modules', '.git', 'dist', 'coverage', '.tutti', 'cdk.out', '.venv', '__pycache__']);

/** Every TypeScript file of the project, by path. */
export function readTree(): ReadonlyMap<string, SourceFile> {
  const files = new Map<string, SourceFile>();
  for (const folder of sourceFolders) {
    for (const path of filesUnder(folder)) {
      if (!/\.tsx?$/.test(path)) continue;
      const text = readFileSync(join(root, path), 'utf8');
      const source = readSource(text);
      files.set(path, { path, text, ...source, imports: importsOf(source) });
    }
  }
  return files;
}

/** The paths of all files below a folder of the project, except those of tools and runs. */
export function filesUnder(folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !foreignFolders.has(entry.name))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    })
    .toSorted();
}

/** The path of the file that a specifier names; undefined for a package or a Node builtin. */
export function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  if (specifier === 'tutti') return 'lib/index.ts';
  return specifier.startsWith('tutti/') ? `lib/${specifier.slice('tutti/'.length)}/index.ts` : undefined;
}

/** The given files and all files that they import, directly or not. `followed`: the imports that count. */
export function reachedFrom(
  tree: ReadonlyMap<string, SourceFile>,
  starts: Iterable<string>,
  followed: (each: Import) => boolean = () => true,
): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...starts];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = tree.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of file.imports.filter(followed)) {
      const target = targetOf(path, specifier);
      if (target !== undefined) waiting.push(target);
    }
  }
  return reached;
}

/** The paths along the first import cycle; undefined if there is none. */
export function cycleIn(tree: ReadonlyMap<string, SourceFile>): readonly string[] | undefined {
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path) || !tree.has(path)) return undefined;
    trail.push(path);
    for (const { specifier } of tree.get(path)!.imports) {
      const target = targetOf(path, specifier);
      const cycle = target === undefined ? undefined : visit(target);
      if (cycle !== undefined) return cycle;
    }
    trail.pop();
    done.add(path);
    return undefined;
  };
  for (const path of tree.keys()) {
    const cycle = visit(path);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
