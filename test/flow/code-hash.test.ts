import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { describe, expect, test } from 'vitest';
import { flowsOfFiles } from './of-code.ts';

const PROCESS = `
import { process } from 'tutti';
import { payments } from './contracts.ts';
import { apology } from './texts.ts';

/** Books. */
export const order = process('order', { input: Order, version: 1 }, async (ctx, input: Order): Promise<{ paid: string }> => {
  const paid = await ctx.call(payments.charge, { amount: input.total });
  await ctx.run('tell', () => mail(input.email, apology('done')), { undo: () => unmail(input.email) });
  return { paid: paid.id, text: apology('paid') };
});`;
const CONTRACTS = `export const payments = service('payments', { charge: command({ input: z.object({ amount: z.int() }) }) });`;
const TEXTS = `export const apology = (what: string): string => \`sorry: \${prefix(what)}\`;\nfunction prefix(text: string) { return 'we ' + text; }\nexport const other = 1;`;
const FILES = { 'order.ts': PROCESS, 'contracts.ts': CONTRACTS, 'texts.ts': TEXTS };

const hashOf = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const [flow] = await flowsOfFiles(files);
  expect(flow?.process).toBe('order');
  return flow?.code ?? '';
};
const changed = (file: keyof typeof FILES, from: string, to: string): Readonly<Record<string, string>> => {
  expect(FILES[file]).toContain(from);
  return { ...FILES, [file]: FILES[file].replaceAll(from, to) };
};

describe('the hash of the code of a process', () => {
  test('has 16 hex digits', async () => {
    expect(await hashOf(FILES)).toMatch(/^[0-9a-f]{16}$/);
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['a comment', changed('order.ts', '/** Books. */', '/** Books a trip. */ // and more')],
    ['the layout', changed('order.ts', '{ amount: input.total }', '{\n\n      amount:   (input.total),\n}')],
    ['a type', changed('order.ts', ': Promise<{ paid: string }>', '')],
    ['a cast', changed('order.ts', 'amount: input.total', 'amount: input.total as number satisfies number')],
    ['the quotes of a text', changed('texts.ts', `'we '`, '"we "')],
    ['the schema of a contract', changed('contracts.ts', 'z.int()', 'z.number()')],
    ['an export that the process does not name', changed('texts.ts', 'other = 1', 'other = 2')],
    ['the body of a step', changed('order.ts', `mail(input.email, apology('done'))`, 'mail(input)')],
    ['the undo of a step', changed('order.ts', 'unmail(input.email)', 'unmail(input)')],
    ['the name of a file', { 'process.ts': PROCESS.replace('./texts.ts', './words.ts'), 'contracts.ts': CONTRACTS, 'words.ts': TEXTS }],
  ])('is equal if %s differs', async (_what, files) => {
    expect(await hashOf(files)).toBe(await hashOf(FILES));
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['a statement', changed('order.ts', 'return { paid', `ctx.tag({ paid: 'yes' });\n  return { paid`)],
    ['a value', changed('order.ts', `apology('paid')`, `apology('charged')`)],
    ['an operator', changed('texts.ts', `'we ' + text`, `'we ' - text`)],
    ['the name of a step', changed('order.ts', `ctx.run('tell'`, `ctx.run('write'`)],
    ['a command', changed('order.ts', 'payments.charge', 'payments.take')],
    ['the name of a service', changed('contracts.ts', `service('payments'`, `service('bank'`)],
    ['a function of another module', changed('texts.ts', 'sorry: ', 'we are sorry: ')],
    ['a function that such a function calls', changed('texts.ts', `'we '`, `'they '`)],
    ['a property that has the name of a function', changed('order.ts', 'text: apology', 'texts: apology')],
    ['a regular expression', changed('order.ts', `text: apology('paid')`, `text: /a/.exec('paid')`)],
  ])('is another if %s differs', async (_what, files) => {
    expect(await hashOf(files)).not.toBe(await hashOf(FILES));
  });

  test('follows a namespace, a class, an enum, and code that names itself', async () => {
    const files = (text: string) => ({
      'order.ts': `import * as texts from './texts.ts';\nexport const order = process('order', {}, async () => texts.of(texts.Kind.Good, new texts.Line().text));`,
      'texts.ts': `export enum Kind { Good = 'good' }\nexport class Line { text = ${text}; }\nexport function of(kind, text) { return text ? of(kind, '') : kind; }`,
    });
    expect(await hashOf(files(`'a'`))).not.toBe(await hashOf(files(`'b'`)));
    const other = files(`'a'`);
    expect(await hashOf(other)).not.toBe(await hashOf({ ...other, 'texts.ts': other['texts.ts'].replace(`'good'`, `'bad'`) }));
  });

  test('covers the handlers and the first state of a decider', async () => {
    const decider = (start: string, step: string) => ({
      'order.ts': `export const order = decider('order', { state: Count, initial: () => ({ n: ${start} }) }).on(Ping.byId((ping) => ping.id), (state) => ({ n: state.n + ${step} }));`,
    });
    const hashes = await Promise.all([decider('0', '1'), decider('0', '2'), decider('1', '1'), decider('0', '1')].map(hashOf));
    expect(new Set(hashes).size).toBe(3);
    expect(hashes[3]).toBe(hashes[0]);
  });
});

// The measurement behind the choice of the source: each loader and bundler makes another text of one function.
test('the text of a function is another in each loader and bundler, so no hash of it names the code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-hash-'));
  try {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    const entry = join(folder, 'order.ts');
    const built = (options: esbuild.BuildOptions): string =>
      esbuild.buildSync({ entryPoints: [entry], write: false, ...(options.bundle && { external: ['tutti'] }), ...options }).outputFiles?.[0]
        ?.text ?? '';
    const functionIn = (text: string): string => /async.*[\s\S]*/.exec(text)?.[0] ?? '';
    const texts = [
      built({ format: 'esm', bundle: true }),
      built({ format: 'esm', bundle: true, minify: true }),
      built({ format: 'cjs', bundle: false }),
      built({ format: 'esm', minifyWhitespace: true, keepNames: true }),
      PROCESS,
    ].map(functionIn);
    expect(new Set(texts).size).toBe(texts.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
