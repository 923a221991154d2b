import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  anchorsOf,
  citationsIn,
  commentsOf,
  definedRules,
  invariantsIn,
  linksIn,
  pathsIn,
  placeOf,
  rulesIn,
  sectionsIn,
  unresolvableIn,
  type Citation,
  type Place,
} from './citations.ts';
import { lineAt, readSource } from './source-text.ts';
import { filesUnder, readTree, root } from './source-tree.ts';

// Comments cite a page as `docs/protocol.md#commit`, a file by its path from the root, an invariant as `docs/correctness.md#i12`, a rule by
// its number in brackets. Each of these must exist.

interface Commented {
  readonly path: string;
  readonly comment: string;
}

const sources: readonly Commented[] = [...readTree().values()].map(({ path, text, plain }) => ({ path, comment: commentsOf(text, plain) }));
/** The whole text of each model: most of its lines are comments or names of its own. */
const models: readonly Commented[] = filesUnder('test/models')
  .filter((path) => path.endsWith('.pml'))
  .map((path) => ({ path, comment: readFileSync(join(root, path), 'utf8') }));
/** Scripts and Python, with code and comments alike: a page that either names must exist. */
const scripts: readonly Commented[] = ['.ci', 'examples', 'test']
  .flatMap(filesUnder)
  .flatMap((path) => (/^\.ci\/[\w-]+$|\.(?:py|sh|mjs)$/.test(path) ? [{ path, comment: readFileSync(join(root, path), 'utf8') }] : []));
const commented = [...sources, ...models];
const pages = filesUnder('.').filter((path) => path.endsWith('.md'));
const readPage = (path: string): string => readFileSync(join(root, path), 'utf8');

const anchors = new Map<string, ReadonlySet<string>>();
function faultOf({ path, anchor }: Place): string | undefined {
  if (!existsSync(join(root, path))) return `${path} does not exist`;
  if (anchor === undefined) return undefined;
  const known = anchors.get(path) ?? anchorsOf(readPage(path));
  anchors.set(path, known);
  return known.has(anchor) ? undefined : `${path} has no anchor ${anchor}`;
}

const at = (path: string, text: string, { offset, text: cited }: Citation, why: string): string =>
  `${path}:${lineAt(text, offset)} cites '${cited}': ${why}`;

/** The layer of a path: `lib/core`, also for the folders below it. */
const layerOf = (path: string): string => path.split('/').slice(0, 2).join('/');

/** The fixtures of these tests name files that do not exist. */
const invented = (path: string): boolean => path.startsWith('test/tidy/');

describe('comments', () => {
  test('each page, anchor and file that a comment cites exists', () => {
    const faults = [...commented, ...scripts]
      .filter(({ path }) => !invented(path))
      .flatMap(({ path, comment }) =>
        citationsIn(comment).flatMap((citation) => {
          const fault = faultOf(placeOf(citation));
          return fault === undefined ? [] : [at(path, comment, citation, fault)];
        }),
      );
    expect(faults).toEqual([]);
  });

  test('no comment cites a document, section or row that no test can follow', () => {
    const faults = commented
      .filter(({ path }) => !invented(path))
      .flatMap(({ path, comment }) =>
        unresolvableIn(comment).map((citation) => at(path, comment, citation, 'write the page and its anchor, docs/protocol.md#commit')),
      );
    expect(faults).toEqual([]);
  });

  test('a comment of shipped code cites an invariant by page and anchor, and a comment of a test cites one that docs/correctness.md has', () => {
    const known = anchorsOf(readPage('docs/correctness.md'));
    const faults = commented.flatMap(({ path, comment }) =>
      invariantsIn(comment)
        .filter(({ text }) => !path.startsWith('test/') || !known.has(text.toLowerCase()))
        .map((citation) => at(path, comment, citation, `write docs/correctness.md#${citation.text.toLowerCase()}`)),
    );
    expect(faults).toEqual([]);
  });

  test('each rule that a comment of lib, functions or bin cites is defined in a comment of the same layer', () => {
    const defined = new Map<string, Set<string>>();
    for (const { path, comment } of sources) {
      const rules = defined.get(layerOf(path)) ?? new Set();
      for (const rule of definedRules(comment)) rules.add(rule);
      defined.set(layerOf(path), rules);
    }
    // The front ends follow the rules of the kernel.
    const all = (path: string): ReadonlySet<string> =>
      new Set([...(defined.get(layerOf(path)) ?? []), ...(path.startsWith('lib/process/') ? (defined.get('lib/core') ?? []) : [])]);
    const faults = sources
      .filter(({ path }) => /^(?:lib|functions|bin)\//.test(path))
      .flatMap(({ path, comment }) =>
        rulesIn(comment)
          .filter(({ text }) => !all(path).has(text))
          .map((citation) => at(path, comment, citation, `no comment of ${layerOf(path)} begins a line with this rule`)),
      );
    expect(faults).toEqual([]);
  });
});

describe('pages', () => {
  test('each link leads to a file, and its anchor to a heading', () => {
    const faults = pages.flatMap((path) => {
      const page = readPage(path);
      return linksIn(page).flatMap((link) => {
        const { path: target, anchor } = placeOf(link);
        const fault = faultOf({ path: target === '' ? path : posix.normalize(posix.join(posix.dirname(path), target)), anchor });
        return fault === undefined ? [] : [at(path, page, link, fault)];
      });
    });
    expect(pages.length).toBeGreaterThan(20);
    expect(faults).toEqual([]);
  });

  test('each section that a page cites by its number is a chapter of that page', () => {
    const faults = pages.flatMap((path) => {
      const page = readPage(path);
      return sectionsIn(page)
        .filter(({ text }) => !new RegExp(`^#+ ${text}\\. `, 'm').test(page))
        .map((citation) => at(path, page, citation, `${path} has no heading with this number`));
    });
    expect(faults).toEqual([]);
  });

  test('each file of the project that a page names exists', () => {
    const faults = pages.flatMap((path) => {
      const page = readPage(path);
      return pathsIn(page).flatMap((code) => {
        const fault = faultOf(placeOf(code));
        return fault === undefined ? [] : [at(path, page, code, fault)];
      });
    });
    expect(faults).toEqual([]);
  });

  test('each row in the title of a test of bad input is a row of docs/correctness.md', () => {
    const rows = new Set([...readPage('docs/correctness.md').matchAll(/^\| (\d+) \|/gm)].map((match) => match[1]!));
    const named = filesUnder('test/bad-input').flatMap((path) =>
      [...readPage(path).matchAll(/\bdescribe\('rows? (\d+)(?: and (\d+))?:/g)].flatMap((match) =>
        [match[1]!, match[2] ?? match[1]!].filter((row) => !rows.has(row)).map((row) => `${path}: row ${row}`),
      ),
    );
    expect(named).toEqual([]);
  });
});

describe('the check itself', () => {
  const page = '# One page\n\n<a id="commit"></a>\n## 2. The `commit` of x\n\n```\n# no heading\n```\n## Again\n## Again\n';

  test('finds the anchors of a page', () => {
    expect([...anchorsOf(page)]).toEqual(['commit', 'one-page', '2-the-commit-of-x', 'again', 'again-1']);
  });

  test('finds the citations of comments, and none in code', () => {
    const text = "/** See docs/protocol.md#commit, lib/core/run.ts. */\nconst a = 'docs/other.md'; // README.md says it\n";
    const comment = commentsOf(text, readSource(text).plain);
    expect(citationsIn(comment).map((each) => each.text)).toEqual(['docs/protocol.md#commit', 'lib/core/run.ts', 'README.md']);
  });

  test('reports a page that does not exist, and an anchor that does not exist', () => {
    expect(faultOf({ path: 'docs/design.md', anchor: undefined })).toBe('docs/design.md does not exist');
    expect(faultOf({ path: 'docs/protocol.md', anchor: 'comit' })).toBe('docs/protocol.md has no anchor comit');
    expect(faultOf({ path: 'docs/protocol.md', anchor: 'commit' })).toBeUndefined();
  });

  test('finds citations that do not name a place', () => {
    const text = 'as said (api 4), in authoring 5, Protocol 1.12, design: toolchain 3, section 2, rows 8 and 9';
    expect(unresolvableIn(text).map((each) => each.text)).toEqual(
      expect.arrayContaining(['api 4', 'authoring 5', 'Protocol 1.12', 'design: toolchain', 'section 2', 'rows 8']),
    );
  });

  test('finds the rules that a comment cites, and those that it defines', () => {
    expect(rulesIn('later ones alike (S2, S8).').map((each) => each.text)).toEqual(['S2', 'S8']);
    expect(definedRules('/**\n * S2 A scope that fails.\n * F1: forwarding\n *     S8 is no beginning (S9)\n */')).toEqual([
      'S2',
      'F1',
      'S8',
    ]);
    expect(invariantsIn('holds (I12), docs/correctness.md#i3').map((each) => each.text)).toEqual(['I12']);
  });

  test('finds the links of a page, and none in code', () => {
    expect(linksIn('[a](b.md#c) `[d](e)` [f](https://x.y/z) [g](#h)').map((each) => each.text)).toEqual(['b.md#c', '#h']);
  });
});
