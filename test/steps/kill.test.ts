import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { placeForeignSystems } from '../../examples/foreign-systems/ledger.ts';
import { airline, bank, hotels } from '../../examples/inline-booking/partners.ts';
import { SeededRandom } from '../../lib/core/seeded-random.ts';
import { cartOf } from './kill/inline-carts.ts';

const KILLS = 50;
const CARTS = 60;
/** A life that ends by itself is no kill. */
const LIVES_MAX = 4 * KILLS;
const seed = process.env['TUTTI_KILL_SEED'] ?? String(Date.now());
const random = new SeededRandom(seed);
const folder = mkdtempSync(join(tmpdir(), 'tutti-steps-kill-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** JavaScript, so that a life begins in a fifth of a second. */
const compile = async (): Promise<void> => {
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  await build({
    entryPoints: [fileURLToPath(new URL('kill/inline-program.ts', import.meta.url))],
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source'],
    external: ['libsql'],
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
  });
};

/** One life of the program; resolves with its exit code, or with the signal that ended it. */
const live = (count: number, killAfterMs: number | undefined): Promise<number | NodeJS.Signals | null> => {
  const child = spawn(process.execPath, [join(folder, 'inline-program.js'), folder, String(count)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const killer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(killer);
      resolve(signal ?? code);
    });
  });
};

test(`bookings with inline steps end as their carts deserve, one deal per step, though their program is killed 50 times (seed ${seed})`, async () => {
  await compile();
  let killed = 0;
  for (let lives = 0; killed < KILLS && lives < LIVES_MAX; lives += 1) {
    const ended = await live(Math.ceil(((killed + 1) * CARTS) / KILLS), 150 + random.number() * 450);
    if (ended === 'SIGKILL') killed += 1;
    else expect(ended).toBe(0);
  }
  expect(await live(CARTS, undefined)).toBe(0);
  expect(killed).toBe(KILLS);
  placeForeignSystems(join(folder, 'foreign'));
  const carts = Array.from({ length: CARTS }, (_, number) => cartOf(number));
  const made = (partner: typeof bank | typeof airline | typeof hotels): string[] =>
    partner
      .deals()
      .map(({ what }) => what)
      .filter((what) => !what.startsWith('back'))
      .toSorted();
  const back = (partner: typeof bank | typeof airline | typeof hotels): number =>
    partner.deals().filter(({ what }) => what.startsWith('back')).length;
  expect(made(bank)).toEqual(carts.map(({ total }) => `${total} cents of tok`).toSorted());
  expect(made(airline)).toEqual(carts.map(({ flight }) => flight).toSorted());
  expect(made(hotels)).toEqual(
    carts
      .map(({ hotel }) => hotel)
      .filter((hotel) => !hotel.startsWith('sold out'))
      .toSorted(),
  );
  expect([back(bank), back(airline), back(hotels)]).toEqual([20, 20, 0]);
}, 180_000);
