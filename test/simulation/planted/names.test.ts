import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from '../../tidy/source-tree.ts';
import { plantedBugs } from './bugs.ts';
import { plantInto, plantingsOf } from './plant-bugs.ts';

/** Errors about a name or a member that does not exist. Other errors of the compiler come from the narrowing that a plant undoes on purpose. */
const UNKNOWN_NAME = /error TS(?:2304|2305|2339|2551|2552|2554|2614|2724): /;

mkdirSync(join(root, '.tutti'), { recursive: true });
const folder = mkdtempSync(join(root, '.tutti/planted-names-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The errors of the compiler over lib and functions with every bug planted. A plant with an unknown name would throw instead of planting its bug. */
function findings(): readonly string[] {
  for (const part of ['lib', 'functions', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, plantings] of plantingsOf(plantedBugs)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(
      join(folder, path),
      plantInto(readFileSync(join(root, path), 'utf8'), plantings).replaceAll('globalThis.__planted', '(globalThis as any).__planted'),
    );
  }
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as { readonly compilerOptions: object };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true }, include: ['lib', 'functions'] }),
  );
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/.bin/tsc'), '-p', folder], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (error) {
    const { stdout } = error as { readonly stdout: string };
    return stdout.split('\n').filter((line) => line.includes('error TS'));
  }
}

test('each planted bug calls functions and reads members that the code has', { timeout: 300_000 }, () => {
  expect(findings().filter((line) => UNKNOWN_NAME.test(line))).toEqual([]);
});
