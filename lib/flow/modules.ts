import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Expression, Node, ParseResult, Program, Statement } from 'oxc-parser';
import { ContractError } from '../contract/errors.ts';
import { type AnyFunction, isFunction } from './syntax.ts';

/** The meaning of a name in a module: code, or a name of another module. */
export type Binding =
  | { readonly code: Expression | AnyFunction }
  | { readonly from: string; readonly name: string }
  /** `const { name } = code`. */
  | { readonly code: Expression; readonly member: string };

/** One source file, and the values that it exports if it was imported. */
export interface SourceModule {
  readonly path: string;
  /** The path from the folder of the first entry, with `/`. */
  readonly name: string;
  readonly program: Program;
  readonly bindings: ReadonlyMap<string, Binding>;
  /** By exported name: the name in this file, or in another one. */
  readonly exported: ReadonlyMap<string, Binding | { readonly local: string }>;
  /** The specifiers of `export * from`. */
  readonly all: readonly string[];
  /** By specifier: the files of its relative imports. */
  readonly files: ReadonlyMap<string, string>;
  readonly values: Readonly<Record<string, unknown>> | undefined;
  readonly textOf: (node: Node) => string;
  readonly lineOf: (node: Node) => number;
}

export type Parse = (file: string, text: string) => ParseResult;

/** Imports a file or a package, for its values. Without it, names come from the text alone. */
export type ImportValues = (url: string) => Promise<Readonly<Record<string, unknown>>>;

/** The modules that entries reach by relative imports, by path. The values of packages that they import are under their specifiers. */
export interface Sources {
  readonly modules: ReadonlyMap<string, SourceModule>;
  readonly packages: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

export async function readSources(entries: readonly string[], parse: Parse, importValues?: ImportValues): Promise<Sources> {
  const modules = new Map<string, SourceModule>();
  const packages = new Map<string, Readonly<Record<string, unknown>>>();
  const folder = dirname(resolve(entries[0] ?? '.'));
  const waiting = entries.map((entry) => resolve(entry));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (modules.has(path)) continue;
    const module = await readModule(path, parse, importValues);
    const files = new Map<string, string>();
    modules.set(path, { ...module, files, name: relative(folder, path).replaceAll('\\', '/') });
    for (const specifier of importedBy(module)) {
      const file = fileOf(path, specifier);
      if (file !== undefined) {
        files.set(specifier, file);
        waiting.push(file);
      }
      if (file === undefined && importValues && !specifier.startsWith('.') && !packages.has(specifier)) {
        const values = await valuesOfPackage(path, specifier, importValues);
        if (values) packages.set(specifier, values);
      }
    }
  }
  return { modules, packages };
}

async function readModule(
  path: string,
  parse: Parse,
  importValues: ImportValues | undefined,
): Promise<Omit<SourceModule, 'name' | 'files'>> {
  const text = readFileSync(path, 'utf8');
  const { program, errors } = parse(path, text);
  const [fault] = errors;
  if (fault) throw new ContractError('CONTRACT_INVALID', `${path} does not parse: ${fault.message}.`, { remedy: 'Correct its syntax.' });
  const bindings = new Map<string, Binding>();
  const exported = new Map<string, Binding | { local: string }>();
  const all: string[] = [];
  for (const statement of program.body) readStatement(statement, { bindings, exported, all });
  const starts = lineStarts(text);
  return {
    path,
    program,
    bindings,
    exported,
    all,
    values: await importValues?.(pathToFileURL(path).href),
    textOf: ({ start, end }) => text.slice(start, end).replaceAll(/\s+/g, ' '),
    lineOf: ({ start }) => lineAt(starts, start),
  };
}

interface Read {
  readonly bindings: Map<string, Binding>;
  readonly exported: Map<string, Binding | { local: string }>;
  readonly all: string[];
}

function readStatement(statement: Statement, read: Read): void {
  switch (statement.type) {
    case 'ImportDeclaration':
      // Types are not followed, since the program may never import that module.
      if (statement.importKind === 'type') break;
      for (const each of statement.specifiers) {
        if (each.type === 'ImportSpecifier' && each.importKind === 'type') continue;
        const name = each.type === 'ImportSpecifier' ? nameOf(each.imported) : each.type === 'ImportDefaultSpecifier' ? 'default' : '*';
        read.bindings.set(each.local.name, { from: statement.source.value, name });
      }
      break;
    case 'ExportAllDeclaration':
      if (statement.exportKind === 'type') break;
      if (statement.exported) read.exported.set(nameOf(statement.exported), { from: statement.source.value, name: '*' });
      else read.all.push(statement.source.value);
      break;
    case 'ExportNamedDeclaration':
      if (statement.exportKind === 'type') break;
      for (const { local, exported } of statement.specifiers)
        read.exported.set(
          nameOf(exported),
          statement.source ? { from: statement.source.value, name: nameOf(local) } : { local: nameOf(local) },
        );
      if (statement.declaration) for (const name of declare(statement.declaration, read.bindings)) read.exported.set(name, { local: name });
      break;
    case 'ExportDefaultDeclaration':
      if (isFunction(statement.declaration)) read.exported.set('default', { code: statement.declaration });
      else if (!/^(Class|TS)/.test(statement.declaration.type)) read.exported.set('default', { code: statement.declaration as Expression });
      break;
    default:
      declare(statement, read.bindings);
  }
}

/** Adds what a statement declares, and returns the names. */
export function declare(statement: Node, bindings: Map<string, Binding>): string[] {
  if (statement.type === 'FunctionDeclaration') {
    if (statement.id) bindings.set(statement.id.name, { code: statement });
    return statement.id ? [statement.id.name] : [];
  }
  if (statement.type === 'ClassDeclaration' || statement.type === 'TSEnumDeclaration') {
    if (statement.id) bindings.set(statement.id.name, { code: statement as Node as Expression });
    return statement.id ? [statement.id.name] : [];
  }
  if (statement.type !== 'VariableDeclaration') return [];
  const names: string[] = [];
  for (const { id, init } of statement.declarations) {
    if (!init) continue;
    if (id.type === 'Identifier') {
      bindings.set(id.name, { code: init });
      names.push(id.name);
    } else if (id.type === 'ObjectPattern')
      for (const property of id.properties)
        if (property.type === 'Property' && property.key.type === 'Identifier' && property.value.type === 'Identifier') {
          bindings.set(property.value.name, { code: init, member: property.key.name });
          names.push(property.value.name);
        }
  }
  return names;
}

function nameOf(
  name: { readonly type: 'Identifier'; readonly name: string } | { readonly type: 'Literal'; readonly value: string },
): string {
  return name.type === 'Literal' ? name.value : name.name;
}

function importedBy({ bindings, exported, all }: Pick<SourceModule, 'bindings' | 'exported' | 'all'>): Set<string> {
  const found = new Set(all);
  for (const binding of [...bindings.values(), ...exported.values()]) if ('from' in binding) found.add(binding.from);
  return found;
}

/** The file of a relative import, as TypeScript and bundlers find it. */
function fileOf(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = resolve(dirname(importer), specifier);
  const stem = path.replace(/\.[cm]?js$/, '');
  const tried = [path, `${stem}.ts`, `${stem}.mts`, `${path}.ts`, `${path}.js`, `${path}/index.ts`, `${path}/index.js`];
  return tried.find((each) => /\.[cm]?[jt]s$/.test(each) && existsSync(each) && statSync(each).isFile());
}

async function valuesOfPackage(
  importer: string,
  specifier: string,
  importValues: ImportValues,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (/^(node:|tutti$|tutti\/|zod$)/.test(specifier)) return undefined;
  try {
    return await importValues(pathToFileURL(createRequire(importer).resolve(specifier)).href);
  } catch {
    // A package that only the bundler finds: its names are then unresolved.
    return undefined;
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
