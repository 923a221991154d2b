import type { Choices } from '../simulation/world/choices.ts';

/** Keys that access a prototype, or that code may use itself. */
export const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
  'length',
  '',
] as const;

/** Texts that a store, a queue or a codec may not support. The first is harmless. */
const TEXTS = [
  'text',
  '',
  ' ',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '-0',
  '007',
  '\u0000',
  '\u0001\u001f',
  '\ud800',
  'a\udfffb',
  '\udc00\ud800',
  '\ufffe\uffff',
  '\ufeff',
  'e\u0301\u0323',
  '\u202eright to left\u202c',
  'שלום',
  '🧳👩‍👩‍👧',
  '\u{10ffff}',
  '\u2028\u2029',
  '"\\/\b\f\n\r\t',
  '{"tutti":"tick"}',
  '\u007f\u0080\u009f',
  '../../etc/passwd',
  '#/default#fulfil#o-1',
  '%00%2e%2e',
  "'; DROP TABLE heads; --",
] as const;

const NUMBERS = [
  0,
  1,
  -1,
  -0,
  0.1,
  1e308,
  -1e308,
  1e-320,
  5e-324,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
  2 ** 31,
  2 ** 32,
  1e21,
  1e-7,
] as const;

export const text = (choices: Choices): string => {
  if (choices.chance(0.7)) return choices.one(TEXTS);
  let made = '';
  for (let left = choices.below(12); left > 0; left -= 1)
    made += String.fromCharCode(choices.chance(0.5) ? choices.between(0x20, 0x7e) : choices.below(0x10000));
  return made;
};

/** A text of JSON's kind that UTF-8 can say. */
export const wellFormedText = (choices: Choices): string => (text(choices) as string & { toWellFormed(): string }).toWellFormed();

export const number = (choices: Choices): number => choices.one(NUMBERS);

/** Any JSON value, with hostile keys at each level. */
export const json = (choices: Choices, depth = 3): unknown => value(choices, depth, text, true);

/** JSON that may travel: the round trips must give back exactly this. -0 is not among it, which JSON's writer makes 0. */
export const plainJson = (choices: Choices, depth = 3): unknown => value(choices, depth, wellFormedText, false);

const value = (choices: Choices, depth: number, anyText: (choices: Choices) => string, hostile: boolean): unknown => {
  switch (choices.below(depth > 0 ? 7 : 5)) {
    case 0:
      return null;
    case 1:
      return choices.chance(0.5);
    case 2:
      return hostile ? number(choices) : number(choices) + 0;
    case 3:
    case 4:
      return anyText(choices);
    case 5:
      return Array.from({ length: choices.below(4) }, () => value(choices, depth - 1, anyText, hostile));
    default:
      return members(choices, depth, anyText, hostile);
  }
};

const members = (choices: Choices, depth: number, anyText: (choices: Choices) => string, hostile: boolean): unknown => {
  const made: [string, unknown][] = [];
  for (let left = choices.below(4); left > 0; left -= 1) {
    const key = choices.chance(0.4) ? choices.one(HOSTILE_KEYS) : anyText(choices);
    const forbidden = key === '__proto__' || key === 'constructor' || key === 'prototype';
    if (hostile || !forbidden) made.push([key, value(choices, depth - 1, anyText, hostile)]);
  }
  // `fromEntries` defines its keys, so `__proto__` is a key like any other.
  return Object.fromEntries(made);
};

const DEPTHS = [10, 63, 64, 65, 1_000] as const;
/** As deep as 1 MiB of text allows, or nearly so: now and then, since it takes time to write. */
const DEEPEST = 100_000;

/** The text of a value that nests so deep that a recursion over it without a bound would end its worker. */
export const deepText = (choices: Choices, leaf = '1'): string => {
  const depth = choices.chance(0.03) ? DEEPEST : choices.one(DEPTHS);
  return choices.chance(0.5) ? `${'['.repeat(depth)}${leaf}${']'.repeat(depth)}` : `${'{"a":'.repeat(depth)}${leaf}${'}'.repeat(depth)}`;
};

/** JSON text that nests deeper than data may. */
export const tooDeepText = (choices: Choices): string => {
  const depth = choices.chance(0.03) ? DEEPEST : choices.one([66, 1_000] as const);
  return choices.chance(0.5) ? `${'['.repeat(depth)}1${']'.repeat(depth)}` : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
};

/** Text that is not a JSON object, or not one that a producer sends. It is never a message. */
export const garbage = (choices: Choices): string => {
  switch (choices.below(9)) {
    case 0:
      return '';
    case 1:
      return text(choices);
    case 2:
      return JSON.stringify(json(choices, 4)) ?? '';
    case 3:
      return deepText(choices);
    case 4:
      return `\ufeff${JSON.stringify(json(choices))}`;
    case 5:
      return JSON.stringify(json(choices)).slice(0, choices.below(20));
    case 6:
      return `{"__proto__":${JSON.stringify(json(choices))},"constructor":{"prototype":{"polluted":1}}}`;
    case 7:
      return `{"detail":${choices.chance(0.5) ? 'null' : JSON.stringify(text(choices))}}`;
    default:
      return choices.one(['NaN', 'Infinity', '01', '1.', '+1', "{'a':1}", '{a:1}', '[1,]', '{"a":1,}', '// c\n1', '\u0000']);
  }
};
