/** A source text without its comments: `plain`. In `code`, the insides of strings and regular expressions are blank as well. */
export interface SourceText {
  readonly plain: string;
  readonly code: string;
}

/** The text before a `/` that begins a regular expression. After any other text, `/` is a division. */
const beforeRegex = /(?:^|[(,=:[!&|?{};<>+\-*%~^]|\b(?:return|typeof|case|in|of|void|else|yield|await))\s*$/;

export function readSource(text: string): SourceText {
  const plain = text.split('');
  const code = [...plain];
  /** Reads code from `from` to the end, or to the `}` that closes a template's `${`. Returns the offset behind it. */
  const readCode = (from: number, inTemplate: boolean): number => {
    let depth = 0;
    let at = from;
    while (at < text.length) {
      const character = text[at];
      if (text.startsWith('//', at) || text.startsWith('/*', at)) {
        const end = endOfComment(text, at);
        blank(plain, at, end);
        blank(code, at, end);
        at = end;
      } else if (character === "'" || character === '"') {
        const end = endOfQuoted(text, at);
        blank(code, at + 1, end - 1);
        at = end;
      } else if (character === '`') at = readTemplate(at);
      else if (character === '/' && beforeRegex.test(text.slice(Math.max(0, at - 80), at))) {
        const end = endOfRegex(text, at);
        blank(code, at + 1, end);
        at = end;
      } else {
        if (character === '{') depth++;
        if (character === '}' && depth-- === 0 && inTemplate) return at + 1;
        at++;
      }
    }
    return at;
  };
  const readTemplate = (from: number): number => {
    let at = from + 1;
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) at = readCode(at + 2, true);
      else {
        const step = text[at] === '\\' ? 2 : 1;
        blank(code, at, at + step);
        at += step;
      }
    }
    return at + 1;
  };
  readCode(0, false);
  return { plain: plain.join(''), code: code.join('') };
}

/** The specifiers of a text's imports and exports, each with its line. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import('…')`, which a function does when it runs. */
  readonly dynamic: boolean;
}

export function importsOf(source: SourceText): readonly Import[] {
  const found: Import[] = [];
  for (const match of source.plain.matchAll(/\b(?:from|import(?:\s*\()?)\s*(['"])([^'"\n]+)\1/g)) {
    // In `code`, a `from '…'` inside a string is blank.
    if (source.code[match.index] !== source.plain[match.index]) continue;
    found.push({ specifier: match[2]!, line: lineAt(source.plain, match.index), dynamic: /^import\s*\(/.test(match[0]) });
  }
  return found;
}

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

function endOfComment(text: string, at: number): number {
  const close = text[at + 1] === '/' ? '\n' : '*/';
  const end = text.indexOf(close, at + 2);
  if (end === -1) return text.length;
  return close === '\n' ? end : end + 2;
}

function endOfQuoted(text: string, at: number): number {
  const quote = text[at];
  let end = at + 1;
  while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

function endOfRegex(text: string, at: number): number {
  let inClass = false;
  for (let end = at + 1; end < text.length && text[end] !== '\n'; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === '[') inClass = true;
    else if (text[end] === ']') inClass = false;
    else if (text[end] === '/' && !inClass) return end;
  }
  return at + 1;
}

/** Writes spaces, so that offsets and line numbers do not change. */
function blank(target: string[], from: number, to: number): void {
  for (let at = from; at < to; at++) if (target[at] !== '\n') target[at] = ' ';
}
