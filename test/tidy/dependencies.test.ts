import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLIENT_SDK } from '../../lib/adapters/aws/sdk-packages.ts';
import { lineAt } from './source-text.ts';
import { filesUnder, readTree, root, targetOf } from './source-tree.ts';

// docs/decisions/dependencies.md, package.json and the imports must agree on each dependency: that it exists, and whether a user gets it
// with tutti, may omit it, or installs it beside tutti.

type Dependencies = Readonly<Record<string, string>>;
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Readonly<
  Record<'dependencies' | 'optionalDependencies' | 'devDependencies' | 'peerDependencies' | 'scripts', Dependencies>
> & { readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>> };
/** The packages that shipped code may load. */
const ofUsers = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
const page = readFileSync(join(root, 'docs/decisions/dependencies.md'), 'utf8');

/** Whether a user installs the file: tsconfig.build.json compiles it. */
const shipped = (path: string): boolean => /^(?:lib|functions|bin)\//.test(path) && path !== 'bin/app.ts';

interface PackageImport {
  readonly path: string;
  readonly line: number;
  readonly name: string;
  /** Only types are imported; nothing is loaded. */
  readonly types: boolean;
}

const builtins = new Set(builtinModules);
/** The name that the bundler replaces with the user's module. */
const ALIASES = new Set(['tutti-authorizer', 'tutti-entry']);

const imports: readonly PackageImport[] = [...readTree().values()].flatMap(({ path, plain, code, imports: found }) => [
  ...found
    .filter(({ specifier }) => targetOf(path, specifier) === undefined && !specifier.startsWith('node:') && !builtins.has(specifier))
    .map(({ specifier, line }) => ({ path, line, name: packageOf(specifier), types: isTypeImport(code, line) })),
  // `createRequire(…)('esbuild')` is the only other way in which a package is loaded.
  ...[...plain.matchAll(/\bcreateRequire\([^()]*\)\('([^']+)'\)/g)].map((match) => ({
    path,
    line: lineAt(plain, match.index),
    name: packageOf(match[1]!),
    types: false,
  })),
]);
const packageImports = imports.filter(({ name }) => !ALIASES.has(name));

describe('dependencies', () => {
  test('the page has one line of reason for each dependency, in the chapter of its kind', () => {
    expect(reasons('At run time'), 'Write one line in docs/decisions/dependencies.md for each dependency').toEqual(
      Object.keys(manifest.dependencies).toSorted(),
    );
    expect(reasons('At run time, left out with --omit=optional'), 'Write one line in docs/decisions/dependencies.md').toEqual(
      Object.keys(manifest.optionalDependencies).toSorted(),
    );
    expect(reasons('Beside tutti, by use'), 'Write one line in docs/decisions/dependencies.md for each peer').toEqual(
      Object.keys(manifest.peerDependencies).toSorted(),
    );
    expect(reasons('For development'), 'Write one line in docs/decisions/dependencies.md for each dependency').toEqual(
      Object.keys(manifest.devDependencies)
        .filter((name) => !Object.hasOwn(manifest.peerDependencies, name))
        .toSorted(),
    );
  });

  test('each peer is optional, and this repository installs it in a version that its range begins with', () => {
    const peers = Object.entries(manifest.peerDependencies);
    expect(peers.filter(([name]) => manifest.peerDependenciesMeta[name]?.optional !== true)).toEqual([]);
    const minor = (version: string | undefined): string | undefined => /\d+\.\d+/.exec(version ?? '')?.[0];
    expect(peers.filter(([name, range]) => minor(manifest.devDependencies[name]) !== minor(range))).toEqual([]);
  });

  test('the packages that an error tells a user to install are the peers of the SDK', () => {
    expect(CLIENT_SDK.toSorted()).toEqual(Object.keys(manifest.peerDependencies).filter((name) => name.startsWith('@aws-sdk/')));
  });

  test('shipped code loads only dependencies and peers of the user, never a tool of this repository', () => {
    const faults = packageImports
      .filter(({ path, name, types }) => shipped(path) && !types && !Object.hasOwn(ofUsers, name))
      .map(({ path, line, name }) => `${path}:${line} imports '${name}': move it into dependencies, with its line of reason`);
    expect(faults).toEqual([]);
  });

  test('shipped code imports each dependency, so that a user installs nothing that only tests load', () => {
    const loaded = new Set(packageImports.filter(({ path }) => shipped(path)).map(({ name }) => name));
    const unused = Object.keys(ofUsers).filter((name) => !loaded.has(name));
    expect(unused.map((name) => `${name}: no shipped code imports it; remove it, or move it into devDependencies`)).toEqual([]);
  });

  test('package.json lists each imported package', () => {
    const listed = { ...ofUsers, ...manifest.devDependencies };
    const faults = packageImports
      .filter(({ name, types }) => !Object.hasOwn(listed, name) && !(types && Object.hasOwn(listed, declarationsOf(name))))
      .map(({ path, line, name }) => `${path}:${line} imports '${name}', which package.json does not list`);
    expect(faults).toEqual([]);
  });

  test('each tool of this repository is imported, run by a script, or declares the types of what is imported', () => {
    const imported = new Set(packageImports.map(({ name }) => name));
    const run = commandLines();
    const used = (name: string): boolean =>
      imported.has(name) ||
      commandsOf(name).some((command) => new RegExp(`(?<![\\w@/-])${command}(?![\\w-])`).test(run)) ||
      [...imported, 'node'].some((each) => declarationsOf(each) === name);
    const unused = Object.keys(manifest.devDependencies).filter((name) => !used(name) && !Object.hasOwn(COMPANIONS, name));
    expect(unused.map((name) => `${name}: nothing imports or runs it; remove it`)).toEqual([]);
  });

  test('each companion belongs to a tool that package.json lists', () => {
    const gone = Object.entries(COMPANIONS).filter(([name, of]) => !manifest.devDependencies[name] || !manifest.devDependencies[of]);
    expect(gone).toEqual([]);
  });
});

/** Packages that another tool loads by itself. */
const COMPANIONS: Dependencies = {
  '@vitest/coverage-v8': 'vitest',
  'oxlint-tsgolint': 'oxlint',
};

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

/** The package with the types of one that has none. */
function declarationsOf(name: string): string {
  return `@types/${name}`;
}

/** Whether the import at this line loads types only. An import of several lines ends in the line of its specifier. */
function isTypeImport(code: string, line: number): boolean {
  const upTo = code.split('\n').slice(0, line).join('\n');
  const statement = upTo.slice(Math.max(upTo.lastIndexOf('\nimport '), upTo.lastIndexOf('\nexport '), 0)).trimStart();
  return /^(?:import|export) type\b/.test(statement) || /\btypeof import\(\s*'?\s*'?\)?/.test(upTo.split('\n').at(-1) ?? '');
}

/** The scripts, the stages of CI and the command of cdk.json. */
function commandLines(): string {
  const texts = ['cdk.json', ...filesUnder('.ci')].filter((path) => existsSync(join(root, path)));
  return [...Object.values(manifest.scripts), ...texts.map((path) => readFileSync(join(root, path), 'utf8'))].join('\n');
}

function commandsOf(name: string): readonly string[] {
  const { bin } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
    readonly bin?: string | Dependencies;
  };
  if (bin === undefined) return [];
  return typeof bin === 'string' ? [packageOf(name).split('/').at(-1) as string] : Object.keys(bin);
}

function reasons(title: string): readonly string[] {
  const chapter = page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
  return [...chapter.matchAll(/^- ((?:`[^`]+`,? ?)+):/gm)]
    .flatMap((match) => [...match[1]!.matchAll(/`([^`]+)`/g)].map((name) => name[1]!))
    .toSorted();
}
