/** Words that no constant of a module may have as its name, and the names that a written contract imports. */
const TAKEN =
  'arguments await break case catch class command const continue debugger default delete do else enum eval event export extends false finally for function if implements import in instanceof interface let new null package private protected public return service static super switch this throw true try typeof var versions void while with yield z';

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The names of one written file. */
export class Names {
  readonly #taken = new Set(TAKEN.split(' '));

  /** `name`, or with a number if it is taken. */
  unique(name: string): string {
    let made = name;
    for (let count = 2; this.#taken.has(made); count += 1) made = `${name}${count}`;
    this.#taken.add(made);
    return made;
  }
}

/** The words of a name in any case: `soldOut`, `sold-out` and `sold_out` have two. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

export function pascalCase(name: string): string {
  return wordsOf(name).map(capital).join('');
}

export function camelCase(name: string): string {
  const [first = '', ...others] = wordsOf(name);
  return first.slice(0, 1).toLowerCase() + first.slice(1) + others.map(capital).join('');
}

export function kebabCase(name: string): string {
  return wordsOf(name)
    .map((word) => word.toLowerCase())
    .join('-');
}

/** A name that code may have: a text that is none gets an underscore. */
export function identifier(text: string): string {
  return IDENTIFIER.test(text) ? text : `_${text.replaceAll(/[^\w$]/g, '')}`;
}

export function propertyKey(name: string): string {
  return IDENTIFIER.test(name) ? name : quoted(name);
}

/** A JSON value as an expression, in one line. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).map(
    ([key, each]) => `${key === '__proto__' ? `['__proto__']` : propertyKey(key)}: ${literal(each)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** A text in single quotes. Characters that end a line of code, or that hide text, are escaped. */
export function quoted(text: string): string {
  const body = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replaceAll(
      /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
      (hidden) => `\\u${hidden.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `'${body}'`;
}

/** A text as one line of a comment. */
export function commentText(text: string): string {
  return quoted(text.replaceAll(/\s+/g, ' ')).slice(1, -1).replaceAll("\\'", "'").replaceAll('\\\\', '\\').replaceAll('*/', '* /');
}
