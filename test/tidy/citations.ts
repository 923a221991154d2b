/** A text that names a place of the project, and its offset. */
export interface Citation {
  readonly text: string;
  readonly offset: number;
}

/** A path from the root of the project, and an anchor of that page. */
export interface Place {
  readonly path: string;
  readonly anchor: string | undefined;
}

const FOLDERS = 'lib|functions|bin|test|bench|examples|docs|\\.ci';

/** The form of a citation: a page with or without an anchor, or a file by its path from the root. */
const CITED = new RegExp(`(?<![\\w./-])(?:(?:[\\w-]+/)*[\\w-]+\\.md(?:#[\\w-]+)?|(?:${FOLDERS})/[\\w./-]*\\w\\.\\w+)(?![\\w/])`, 'g');

export function citationsIn(text: string): readonly Citation[] {
  return [...text.matchAll(CITED)].map((match) => ({ text: match[0], offset: match.index }));
}

export function placeOf({ text }: Citation): Place {
  const [path = '', anchor] = text.split('#');
  return { path, anchor };
}

/** Citations that no test can resolve: a document without its path, a section or row by its number. */
const UNRESOLVABLE = [
  /\b(?:api|authoring|design|protocol|services|security|toolchain|verification)[.:]? (?:section )?\d+(?:\.\d+)*\b/gi,
  /\bdesign: \w+/gi,
  /§ ?\d+|\bsection \d+/gi,
  /\brows? \d+\b/gi,
];

export function unresolvableIn(text: string): readonly Citation[] {
  return UNRESOLVABLE.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => ({ text: match[0], offset: match.index })));
}

/** The invariants that a text cites by their bare number. */
export function invariantsIn(text: string): readonly Citation[] {
  return [...text.matchAll(/(?<![\w#-])I\d{1,2}(?![\w-])/g)].map((match) => ({ text: match[0], offset: match.index }));
}

/** The rules that a text cites in brackets, as `(S2, S8)`. */
export function rulesIn(text: string): readonly Citation[] {
  return [...text.matchAll(/(?<!\w)\(([A-Z]\d{1,2}(?:, [A-Z]\d{1,2})*)\)/g)].flatMap((match) =>
    match[1]!.split(', ').map((rule) => ({ text: rule, offset: match.index })),
  );
}

/** The rules that a comment defines: a line begins with each. */
export function definedRules(comment: string): readonly string[] {
  return [...comment.matchAll(/^[ \t]*(?:\*|\/\/|\/\*\*)?[ \t]*([A-Z]\d{1,2})[: ] *\S/gm)].map((match) => match[1]!);
}

/** The comments of a text. The rest is blank, so that offsets and lines stay. `plain` is the text without its comments. */
export function commentsOf(text: string, plain: string): string {
  return Array.from(text, (_, at) => (text[at] === plain[at] && text[at] !== '\n' ? ' ' : text[at])).join('');
}

/** The anchors of a Markdown page: those that GitHub derives from headings, and those with an `id`. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set([...page.matchAll(/<a id="([^"]+)"><\/a>/g)].map((match) => match[1]!));
  const counts = new Map<string, number>();
  for (const [, heading = ''] of withoutBlocks(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** The page with blank code blocks. */
export function withoutBlocks(page: string): string {
  return page.replaceAll(/^ *```[^]*?^ *```/gm, (block) => block.replaceAll(/[^\n]/g, ' '));
}

/** The chapters of its own that a page cites by number, as `section 4`. */
export function sectionsIn(page: string): readonly Citation[] {
  return [...withoutBlocks(page).matchAll(/\bsections? (\d+)\b/g)].map((match) => ({ text: match[1]!, offset: match.index }));
}

/** The links of a page to places of the project, without those in code. */
export function linksIn(page: string): readonly Citation[] {
  const text = withoutBlocks(page).replaceAll(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => ({ text: match[1]!, offset: match.index }))
    .filter((link) => !/^[a-z]+:/.test(link.text));
}

/** Paths of the project in the code spans of a page. */
export function pathsIn(page: string): readonly Citation[] {
  const whole = new RegExp(`^(?:${FOLDERS})/[\\w./-]*\\w\\.\\w+$`);
  return [...withoutBlocks(page).matchAll(/`([^`\n]+)`/g)]
    .map((match) => ({ text: match[1]!, offset: match.index }))
    .filter((code) => whole.test(code.text));
}
