import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { STUCK_REMEDIES } from '../../lib/client/operations/stuck-remedy.ts';
import { PROCESS_BUG_REMEDIES } from '../../lib/contract/errors.ts';
import { bannedNames, bannedTexts, impureTexts, unrepeatableTexts } from './house-rules.ts';
import { lineAt, readSource, importsOf } from './source-text.ts';
import { cycleIn, filesUnder, reachedFrom, readTree, root, type SourceFile, targetOf } from './source-tree.ts';

/** The layers in order: a layer imports itself and those before it. */
const layers = [
  'contract',
  'core',
  'ports',
  'format',
  'metrics',
  'engine',
  'adapters',
  'process',
  'service',
  'flow',
  'client',
  'steps',
  'console',
  'testing',
  'local',
  'cdk',
];
/** Layers that may import less than the order allows. */
const narrow: Readonly<Record<string, readonly string[]>> = {
  core: ['contract'],
  ports: ['contract'],
  adapters: ['contract', 'ports'],
  service: ['contract', 'ports', 'adapters'],
};
const publicIndexes = [
  'lib/index.ts',
  'lib/service/index.ts',
  'lib/client/index.ts',
  'lib/local/index.ts',
  'lib/testing/index.ts',
  'lib/cdk/index.ts',
];

const tree = readTree();
const files = [...tree.values()];
const under = (...prefixes: string[]): readonly SourceFile[] =>
  files.filter((file) => prefixes.some((prefix) => file.path.startsWith(prefix)));
const builtins = new Set(builtinModules);
const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtins.has(specifier);
const layerOf = (path: string): string | undefined => layers.find((layer) => path.startsWith(`lib/${layer}/`));

describe('layers', () => {
  test('a layer of lib imports itself and the layers before it', () => {
    const faults = under('lib/').flatMap((file) => {
      const layer = layerOf(file.path);
      if (layer === undefined) return [];
      const allowed = [layer, ...(narrow[layer] ?? layers.slice(0, layers.indexOf(layer)))];
      return file.imports.flatMap(({ specifier, line }) => {
        const target = targetOf(file.path, specifier);
        if (specifier === 'tutti' || specifier.startsWith('tutti/'))
          return [`${file.path}:${line} imports '${specifier}': inside lib, import the file itself`];
        if (target === undefined || allowed.includes(layerOf(target) ?? '')) return [];
        return [
          `${file.path}:${line} imports ${target}: ${layer} may import ${allowed.join(', ')}. Move what it needs up, or pass it as an argument`,
        ];
      });
    });
    expect(faults).toEqual([]);
  });

  test('every file of lib lies in a layer or is the public index', () => {
    const faults = under('lib/').filter((file) => layerOf(file.path) === undefined && file.path !== 'lib/index.ts');
    expect(faults.map((file) => `${file.path}: move it into one of lib/{${layers.join(',')}}`)).toEqual([]);
  });

  test('core imports only itself and contracts, and is pure', () => {
    const faults = under('lib/core/').flatMap((file) => [
      ...file.imports
        .filter(({ specifier }) => !/^(?:\.\/|\.\.\/contract\/)/.test(specifier))
        .map(
          ({ specifier, line }) =>
            `${file.path}:${line} imports '${specifier}': core imports ./ and ../contract/ only; pass the rest as an argument`,
        ),
      ...impureTexts.flatMap(({ pattern, instead }) => findings(file, file.code, pattern, instead)),
    ]);
    expect(faults).toEqual([]);
  });

  test('the imports of a process author, and every contract, reach no Node builtin, SDK or other package of Tutti', () => {
    const starts = ['lib/index.ts', ...under('lib/contract/').map((file) => file.path)];
    const faults = [...reachedFrom(tree, starts)].flatMap((path) =>
      tree
        .get(path)!
        .imports.filter(({ specifier }) => isBuiltin(specifier) || /^(?:@aws-sdk|@smithy|libsql|tutti)(?:\/|$)/.test(specifier))
        .map(
          ({ specifier, line }) =>
            `${path}:${line} imports '${specifier}' and is reached from 'tutti': move it behind the engine or a port`,
        ),
    );
    expect(faults).toEqual([]);
  });

  test('examples import the public packages, their own folder, simulated foreign systems and the contracts of another example', () => {
    const faults = under('examples/').flatMap((file) => {
      const own = file.path.split('/').slice(0, 2).join('/');
      return file.imports.flatMap(({ specifier, line }) => {
        const target = targetOf(file.path, specifier);
        if (target === undefined || publicIndexes.includes(target) || target.startsWith(`${own}/`)) return [];
        if (/^examples\/(?:[^/]+\/contracts\.ts$|foreign-systems\/)/.test(target)) return [];
        return [
          `${file.path}:${line} imports ${target}: an example imports 'tutti', 'tutti/…', its own folder, examples/foreign-systems and another's contracts.ts`,
        ];
      });
    });
    expect(faults).toEqual([]);
  });

  test("an example's system reaches contracts and processes only, never a service", () => {
    // The first process is one file, with a handler, and is never deployed.
    const systems = under('examples/').filter(
      ({ path, code }) => /\bsystem\(/.test(code) && !path.endsWith('.test.ts') && path !== 'examples/first-process/book-seat.ts',
    );
    const faults = [...reachedFromExamples(systems.map((file) => file.path))].flatMap((path) =>
      tree
        .get(path)!
        .imports.filter(({ specifier }) => isBuiltin(specifier) || specifier.startsWith('tutti/'))
        .map(({ specifier, line }) => `${path}:${line} imports '${specifier}' and is part of a process: keep that in a service`),
    );
    expect(faults).toEqual([]);
  });

  test("an example's processes take time, randomness and everything else from their context", () => {
    const starts = under('examples/').filter((file) => /\bsystem\(/.test(file.code) && !file.path.endsWith('.test.ts'));
    const faults = [...reachedFromExamples(starts.map((file) => file.path))].flatMap((path) =>
      unrepeatableTexts.flatMap(({ pattern, instead }) => findings(tree.get(path)!, tree.get(path)!.code, pattern, instead)),
    );
    expect(faults).toEqual([]);
  });

  test('there is no import cycle', () => {
    expect(cycleIn(tree)?.join('\n  imports ') ?? 'none', 'Move what both need into a file of its own').toBe('none');
  });
});

describe('files', () => {
  test('every import names a file that exists', () => {
    const faults = files.flatMap((file) =>
      file.imports.flatMap(({ specifier, line }) => {
        const target = targetOf(file.path, specifier);
        return target === undefined || existsSync(join(root, target))
          ? []
          : [`${file.path}:${line} imports ${target}, which does not exist`];
      }),
    );
    expect(faults).toEqual([]);
  });

  test('every file of lib is reached from a public index, the command line or a test', () => {
    const starts = [...publicIndexes, ...under('functions/', 'bin/', 'bench/', 'test/').map((file) => file.path)];
    const reached = reachedFrom(tree, starts);
    const dead = under('lib/').filter((file) => !reached.has(file.path));
    expect(dead.map((file) => `${file.path}: nothing imports it, remove it or use it`)).toEqual([]);
  });

  test('files and folders have kebab-case names that say what is in them', () => {
    const faults = ['lib', 'bin', 'test', 'bench', 'examples', 'docs'].flatMap(filesUnder).flatMap((path) => {
      const names = path.split('/');
      const stem = names.at(-1)!.replace(/^\./, '').split('.')[0]!;
      const odd = [...names.slice(0, -1), stem].find((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) && name !== 'README');
      const folders = path.startsWith('test/') ? [] : names.slice(0, -1);
      const empty = [...folders, stem].find((name) => bannedNames.has(name));
      return [
        ...(odd === undefined ? [] : [`${path}: write '${odd}' in kebab-case`]),
        ...(empty === undefined ? [] : [`${path}: '${empty}' says nothing; name the one concept it holds`]),
      ];
    });
    expect(faults).toEqual([]);
  });

  test('a name is exported by one file of lib only', () => {
    const exported = /^export (?:declare )?(?:abstract )?(?:const|async function|function|interface|type|class|enum) (\w+)/gm;
    const files = new Map<string, Set<string>>();
    for (const file of under('lib/'))
      for (const [, name = ''] of file.code.matchAll(exported)) files.set(name, (files.get(name) ?? new Set()).add(file.path));
    const faults = [...files].filter(([, paths]) => paths.size > 1);
    expect(faults.map(([name, paths]) => `${name} is exported by ${[...paths].join(' and ')}: give each thing a name of its own`)).toEqual(
      [],
    );
  });

  test('a named function of lib, bin and functions is a declaration', () => {
    const faults = under('lib/', 'bin/', 'functions/').flatMap((file) =>
      arrowNames(file.code).map(({ name, at }) => `${file.path}:${lineAt(file.code, at)} write function ${name}(…) instead of a constant`),
    );
    expect(faults).toEqual([]);
    expect(arrowNames('const a = async ({ b }: C): Promise<D> => b;\nexport const c = <T>(d: T) => d;\nconst e = f => f;').length).toBe(3);
    expect(arrowNames('const a: F = (b) => b;\nconst c = (d + e) * f;\nconst g = h((i) => i);')).toEqual([]);
  });

  test('an engine is built by the deployed function, the embedded runtime, or memoryEngine of a test', () => {
    const builders = ['functions/deployed-engine.ts', 'lib/local/engine-thread.ts', 'lib/local/runtime.ts', 'lib/testing/memory-engine.ts'];
    const faults = files
      .filter((file) => !builders.includes(file.path))
      .flatMap((file) => findings(file, file.code, /\bnew Engine\(/g, 'call memoryEngine'));
    expect(faults).toEqual([]);
  });

  test('lib has an index.ts only for a public package', () => {
    const faults = under('lib/').filter((file) => basename(file.path) === 'index.ts' && !publicIndexes.includes(file.path));
    expect(faults.map((file) => `${file.path}: no barrels; import the file that holds the name`)).toEqual([]);
  });

  test('no file contains a banned text', () => {
    const faults = files.flatMap((file) =>
      bannedTexts
        .filter(({ where }) => where.some((prefix) => file.path.startsWith(prefix)))
        .flatMap((banned) => findings(file, banned.in === 'text' ? file.text : file.code, banned.pattern, banned.instead)),
    );
    expect(faults).toEqual([]);
  });

  test('no file names an absolute path of one machine', () => {
    const pattern = new RegExp(`(?<![\\w.:/-])/(?:${['work', 'home', 'root', 'Users'].join('|')})/[\\w.-]+`, 'g');
    const faults = filesUnder('.')
      .filter((path) => /\.(?:ts|mjs|js|json|jsonl|md|yml|yaml)$|^\.ci\//.test(path) && path !== 'package-lock.json')
      .flatMap((path) => {
        const text = readFileSync(join(root, path), 'utf8');
        return [...text.matchAll(pattern)].map(
          (match) => `${path}:${lineAt(text, match.index)} has '${match[0]}': write a relative path or an argument`,
        );
      });
    expect(faults).toEqual([]);
  });
});

/** The reasons for which the engine parks an event beside an instance that goes on. */
const PARKED_REFUSALS = ['DATA_INVALID', 'FORBIDDEN', 'NEWER', 'START_TOO_OLD', 'TOO_MANY_STARTS'];

// test/contracts/adapters.test.ts checks that every port has a contract suite and every adapter runs it.
describe('completeness', () => {
  test('docs/errors.md has one entry for each error code, and none for others', () => {
    const quoted = [...(tree.get('lib/contract/errors.ts')?.plain ?? '').matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)'/g)];
    const thrown = under('lib/', 'bin/').flatMap(({ plain }) => [
      ...plain.matchAll(/\b(?:new OrchestratorError|super)\(\s*'([A-Z0-9_]+)'/g),
    ]);
    const codes = [...new Set([...quoted, ...thrown].map((match) => match[1]!))].toSorted();
    const page = existsSync(join(root, 'docs/errors.md')) ? readFileSync(join(root, 'docs/errors.md'), 'utf8') : '';
    const entries = [...page.matchAll(/^## ([A-Z][A-Z0-9_]*)$/gm)].map((match) => match[1]!).toSorted();
    expect(entries, 'Write one heading `## CODE` in docs/errors.md for each code that lib or bin throws').toEqual(codes);
  });

  test('each error code has a class: only the error of a variable code is a plain OrchestratorError', () => {
    const faults = under('lib/', 'bin/', 'functions/').flatMap((file) =>
      [...file.plain.matchAll(/\bnew OrchestratorError\(\s*'(\w+)'/g)].map(
        ({ 1: code, index }) => `${file.path}:${lineAt(file.plain, index)} throws ${code}: give it a class in lib/contract/errors.ts`,
      ),
    );
    expect(faults).toEqual([]);
  });

  test('docs/errors.md has one section for each parking reason, and none for others', () => {
    const engine = under('lib/engine/').map(({ plain }) => plain);
    const written = engine.flatMap((plain) => [
      ...plain.matchAll(/\bpark\(\s*'([A-Z_]+)'/g),
      ...plain.matchAll(/\breason: '([A-Z_]+)'/g),
      ...plain.matchAll(/\bparkBesideStuck\([^']*'([A-Z_]+)'/g),
    ]);
    // Data that a schema refuses is parked under the code of its error, and an event that must not be applied under that of its refusal.
    const reasons = [...new Set([...written.map((match) => match[1]!), 'DATA_INVALID', ...PARKED_REFUSALS])].toSorted();
    expect(sectionsOf('Parking reasons'), 'Write one heading `### CODE` under "Parking reasons" in docs/errors.md').toEqual(reasons);
  });

  test('docs/errors.md and the remedies name each stuck reason', () => {
    const written = under('lib/core/', 'lib/engine/').flatMap(({ plain }) => [
      ...plain.matchAll(/\bcode: '([A-Z_]+)'/g),
      ...plain.matchAll(/\bconst code = .*\? '([A-Z_]+)' : '([A-Z_]+)'/g),
      ...plain.matchAll(/\brefuse\(\s*[^,]+,\s*'([A-Z_]+)'/g),
    ]);
    // Unsent messages are sent again until that succeeds. A refused erasure is parked as any refused operation is.
    const notStuck = [...PARKED_REFUSALS, 'NOT_ERASED', 'UNSENT'];
    const found = new Set(written.flatMap((match) => [match[1]!, match[2] ?? match[1]!]).filter((code) => !notStuck.includes(code)));
    const known = Object.keys(STUCK_REMEDIES);
    expect(known).toEqual(expect.arrayContaining([...found]));
    const described = known.filter((code) => !Object.hasOwn(PROCESS_BUG_REMEDIES, code)).toSorted();
    expect(sectionsOf('Stuck reasons'), 'Write one heading `### CODE` under "Stuck reasons" in docs/errors.md').toEqual(described);
    const flat = chapter('Stuck reasons').replaceAll(/\s+/g, ' ');
    for (const code of described) expect(flat).toContain(`Remedy: ${STUCK_REMEDIES[code]}`);
  });
});

test('source is read without its comments and strings, so that a rule applies to code only', () => {
  const source = readSource(
    "import a from './a.ts'; // import b from './b.ts'\nconst c = \"from './c.ts' await\", d = /['\"]/, e = `${await f} await`;\n/* await */",
  );
  expect(importsOf(source)).toEqual([{ specifier: './a.ts', line: 1, dynamic: false }]);
  expect(source.code.match(/await/g)).toHaveLength(1);
});

/** A chapter of docs/errors.md. */
function chapter(title: string): string {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  return page.split(/^# /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

function sectionsOf(title: string): readonly string[] {
  return [...chapter(title).matchAll(/^### ([A-Z][A-Z0-9_]*)$/gm)].map((match) => match[1]!).toSorted();
}

/** A step of `ctx.run` imports by itself the modules that do its I/O, so they are no part of the process. */
function reachedFromExamples(starts: readonly string[]): ReadonlySet<string> {
  return new Set([...reachedFrom(tree, starts, ({ dynamic }) => !dynamic)].filter((path) => path.startsWith('examples/')));
}

function findings(file: SourceFile, text: string, pattern: RegExp, instead: string): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => `${file.path}:${lineAt(text, match.index)} has '${match[0]}': write ${instead}`);
}

/** Constants of a module whose value is an arrow function. A constant with a type has its parameters from that type, so it may stay. */
function arrowNames(code: string): { readonly name: string; readonly at: number }[] {
  return [...code.matchAll(/^(?:export )?const (\w+) = (?:async )?(?:<[^\n]*>)?(\(|\w+ =>)/gm)].flatMap(
    ({ 0: text, 1: name = '', 2: begin, index }) => {
      const after = index + text.length;
      return begin !== '(' || /^\s*(?::|=>)/.test(code.slice(endOfParentheses(code, after))) ? [{ name, at: index }] : [];
    },
  );
}

function endOfParentheses(code: string, from: number): number {
  let open = 1;
  let at = from;
  for (; open > 0 && at < code.length; at += 1) open += code[at] === '(' ? 1 : code[at] === ')' ? -1 : 0;
  return at;
}
