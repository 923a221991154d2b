import { findingsIn, sentencesIn, type Finding } from './language.ts';
import { lineAt } from './source-text.ts';

/** The findings in a Markdown page. A heading, a label in bold and a row of a table need not start with a noun. */
export function pageFindings(page: string): readonly Finding[] {
  return blocksOf(page).flatMap(({ lines, line, isProse }) => {
    const text = plainText(lines.join('\n'));
    return sentencesIn(text).flatMap((sentence) => findingsIn(sentence.text, line + lineAt(text, sentence.offset) - 1, { whole: isProse }));
  });
}

interface Block {
  readonly lines: string[];
  /** The number of its first line. */
  readonly line: number;
  /** False for a heading and a row of a table. */
  readonly isProse: boolean;
}

const MARKER = /^\s*(?:[-*+]|\d+\.) (?:\[.\] )?/;

/** The paragraphs, list items, headings and rows of a page, without code blocks. */
function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let inCode = false;
  let continues = false;
  for (const [index, text] of page.split('\n').entries()) {
    const fence = /^\s*(?:```|~~~)/.test(text);
    if (fence) inCode = !inCode;
    const isProse = !/^\s*[|#]/.test(text);
    if (inCode || fence || text.trim() === '') continues = false;
    else if (continues && isProse && !MARKER.test(text)) blocks.at(-1)!.lines.push(text);
    else {
      blocks.push({ lines: [text.replace(MARKER, '')], line: index + 1, isProse });
      continues = isProse;
    }
  }
  return blocks;
}

/** A text without emphasis, tags, link targets and a label in bold at its beginning; the cells of a row are sentences. */
function plainText(text: string): string {
  return text
    .replace(/^\*\*[^*]+[.:]\*\*/, '')
    .replaceAll(/(!?)\[([^\]]*)\]\([^)]*\)/g, '$2')
    .replaceAll(/<[^>]*>|\*+|(?<!\w)_+|_+(?!\w)/g, '')
    .replaceAll(' | ', ' . ');
}
