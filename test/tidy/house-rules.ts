/** A pattern that this project does not use, and its replacement. */
export interface BannedText {
  readonly pattern: RegExp;
  readonly instead: string;
  /** The path prefixes under which it is banned. */
  readonly where: readonly string[];
  /** `text`: also in comments and strings. @default only in code */
  readonly in?: 'text';
}

const everywhere = ['lib/', 'functions/', 'bin/', 'test/', 'bench/', 'examples/'];

export const bannedTexts: readonly BannedText[] = [
  { pattern: /\b(?:T[O]DO|F[I]XME|H[A]CK)\b/g, instead: 'open an issue and remove the note', where: everywhere, in: 'text' },
  {
    pattern: /@ts-(?:ignore|nocheck)\b/g,
    instead: '`@ts-expect-error` with the reason, and only in test/types',
    where: everywhere,
    in: 'text',
  },
  { pattern: /\bexport\s*\*/g, instead: 'a list of the names, by hand, and only in a public index.ts', where: everywhere },
  { pattern: /\bexport\s+default\b/g, instead: 'a named export', where: everywhere },
  {
    pattern: /\bnew (?:Type|Range|Syntax|Aggregate)?Error\(/g,
    instead: 'a class of lib/contract/errors.ts with code and remedy, or an assertion for a programmer error',
    where: ['lib/', 'functions/'],
  },
  { pattern: /\bconsole\./g, instead: 'return the data, or take a writer as an argument: only bin/ and bench/ print', where: ['lib/'] },
  { pattern: /\b(?:test|it|describe)\.only\(/g, instead: 'the test without `.only`', where: everywhere },
  { pattern: /(?<![.\w])it(?:\.\w+)*\(/g, instead: '`test`: one word for a test', where: ['test/', 'examples/'] },
  { pattern: /\bvi\.mock\(/g, instead: 'a port with a memory adapter, passed as an argument', where: ['test/', 'examples/'] },
];

/** Names that do not describe the content of a file. */
export const bannedNames: ReadonlySet<string> = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'types',
  'manager',
  'base',
  'misc',
  'shared',
]);

/** Effects and values that `lib/core` takes as an argument, or leaves to the engine. */
export const impureTexts: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\b(?:await|async)\b/g, instead: 'return the decision; the engine performs it' },
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)/g, instead: 'take `now` as an argument' },
  { pattern: /\bMath\.random\b|\brandomUUID\b/g, instead: 'derive it from run and path' },
  { pattern: /\bprocess\./g, instead: 'take configuration as an argument; call a variable `definition`, not `process`' },
  { pattern: /\bperformance\b/g, instead: 'measure in bench/' },
  { pattern: /\bset(?:Timeout|Immediate|Interval)\b|\bqueueMicrotask\b/g, instead: 'return a timer as part of the decision' },
];

/** Values that differ when a process is replayed. */
export const unrepeatableTexts: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\b/g, instead: 'ctx.now()' },
  { pattern: /\bMath\.random\b/g, instead: 'ctx.random()' },
  { pattern: /\brandomUUID\b/g, instead: 'ctx.uuid()' },
  { pattern: /\bset(?:Timeout|Immediate|Interval)\b/g, instead: 'ctx.sleep()' },
  { pattern: /\bfetch\(/g, instead: 'a command to a service' },
  { pattern: /\bprocess\.env\b/g, instead: 'the input of the process' },
];
