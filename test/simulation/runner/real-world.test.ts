import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { forbidRealWorld } from './real-world.ts';

/** The accesses that were noted while `act` ran, and the error that it threw. */
const forbidden = (act: () => unknown): { readonly touched: readonly string[]; readonly thrown: string } => {
  const realWorld = forbidRealWorld();
  let thrown = '';
  try {
    act();
  } catch (error) {
    thrown = (error as Error).message;
  }
  return { touched: realWorld.lift(), thrown };
};

const culprits: Readonly<Record<string, () => unknown>> = {
  setTimeout: () => setTimeout(() => undefined, 1),
  setInterval: () => setInterval(() => undefined, 1),
  'node:timers/promises.setTimeout': () => sleep(1),
  fetch: () => fetch('http://localhost'),
  'node:fs.writeFileSync': () => writeFileSync('/dev/null', ''),
  'Date.now': () => Date.now(),
  'new Date()': () => new Date(),
  'Math.random': () => Math.random(),
  'performance.now': () => performance.now(),
  'process.hrtime': () => process.hrtime(),
  'crypto.randomUUID': () => crypto.randomUUID(),
  'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(1)),
  'node:crypto.randomUUID': () => randomUUID(),
};

describe('in a simulation', () => {
  test.each(Object.entries(culprits))('%s throws, and is noted with its place', (name, act) => {
    const { touched, thrown } = forbidden(act);
    expect(thrown).toBe(`${name} was used inside a simulation: take time and chance from the ports`);
    expect(touched).toEqual([expect.stringMatching(/ at test\/simulation\/runner\/real-world\.test\.ts:\d+/)]);
    expect(touched[0]).toContain(name);
  });

  test('an access whose error is caught is noted nevertheless, each place once', () => {
    const { touched, thrown } = forbidden(() => {
      for (let i = 0; i < 3; i += 1) {
        try {
          Math.random();
        } catch {
          continue;
        }
      }
    });
    expect(thrown).toBe('');
    expect(touched).toHaveLength(1);
  });

  test('dates of known instants, hashes and turns of the event loop still work', async () => {
    const realWorld = forbidRealWorld();
    const date = new Date(0);
    const text = `${date.toISOString()} ${Date.parse('1970-01-01')} ${date instanceof Date} ${createHash('sha256').update('').digest('hex').length}`;
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    expect(realWorld.lift()).toEqual([]);
    expect(text).toBe('1970-01-01T00:00:00.000Z 0 true 64');
  });

  test('everything is restored afterwards', () => {
    const before = [setTimeout, Date, Date.now, Math.random, fetch, randomUUID, writeFileSync];
    forbidden(() => undefined);
    expect([setTimeout, Date, Date.now, Math.random, fetch, randomUUID, writeFileSync]).toEqual(before);
    expect(new Date().getTime()).toBeGreaterThan(0);
    expect(crypto.randomUUID()).toHaveLength(36);
  });
});
