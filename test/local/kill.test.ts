import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { SeededRandom } from '../../lib/core/seeded-random.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { openState, type State } from '../../lib/local/state.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { cartOf, effectsOf, SLEEP_MS, trips } from './kill/booking-system.ts';
import { type ForeignEffect, readForeignEffects } from './kill/foreign-system.ts';
import { PaymentLedger } from './kill/payment-ledger.ts';

const KILLS = 50;
const BOOKINGS = 200;
/** A process is killed at most this long after its start, earlier on a machine where it is done earlier. */
const LIFE_MAX_MS = 900;
const LIFE_MIN_MS = 100;
/** Lives that end by themselves are no kills; there are not so many of them. */
const LIVES_MAX = 4 * KILLS;
const seed = process.env['TUTTI_KILL_SEED'] ?? String(Date.now());
const random = new SeededRandom(seed);

const folder = mkdtempSync(join(tmpdir(), 'tutti-kill-'));
const program = join(folder, 'booking-program.js');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** JavaScript, so that a life begins in a fifth of a second. */
const compile = async (): Promise<void> => {
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  await build({
    entryPoints: {
      'booking-program': source('kill/booking-program.ts'),
      'booking-system': source('kill/booking-system.ts'),
      'engine-thread': source('../../lib/local/engine-thread.ts'),
    },
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
const live = (
  count: number,
  killAfterMs: number | undefined,
  engine: 'threaded' | 'unthreaded',
): Promise<number | NodeJS.Signals | null> => {
  const child = spawn(process.execPath, [program, folder, String(count), engine], { stdio: ['ignore', 'inherit', 'inherit'] });
  const killer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(killer);
      resolve(signal ?? code);
    });
  });
};

interface Booking {
  readonly head: Head;
  readonly journal: readonly JournalEntry[];
}

const pidOf = (cartId: string): string => `default#book-trip#${cartId}`;

const readBooking = async (state: State, cartId: string): Promise<Booking | undefined> => {
  const [head] = await state.processStore.load([pidOf(cartId)], { consistent: true });
  if (head === undefined) return undefined;
  const journal = (await journalTexts(state.processStore, head)).map(parseEntry);
  return { head, journal };
};

describe(`200 bookings whose program is killed at 50 random instants (seed ${seed}, set TUTTI_KILL_SEED to repeat it)`, () => {
  let killed = 0;
  let lifeMs = LIFE_MAX_MS;
  let last: number | NodeJS.Signals | null = null;
  const bookings = new Map<string, Booking | undefined>();
  const effects: { readonly id: string; readonly command: string; readonly cart: string }[] = [];
  let foreign: readonly ForeignEffect[] = [];
  const carts = Array.from({ length: BOOKINGS }, (_, number) => cartOf(number));
  const left: { readonly name: string; readonly cart: string | undefined }[] = [];
  const parked: string[] = [];

  beforeAll(async () => {
    await compile();
    for (let lives = 0; killed < KILLS && lives < LIVES_MAX; lives += 1) {
      const count = Math.ceil(((killed + 1) * BOOKINGS) / KILLS);
      const born = performance.now();
      const ended = await live(count, 100 + random.number() * lifeMs, random.number() < 0.5 ? 'threaded' : 'unthreaded');
      if (ended === 'SIGKILL') killed += 1;
      else if (ended !== 0) break;
      // It was done before it was killed: the next are killed earlier.
      else lifeMs = Math.max(LIFE_MIN_MS, 0.8 * (performance.now() - born));
    }
    rmSync(join(folder, 'done'), { force: true });
    last = await live(BOOKINGS, undefined, 'threaded');
    // In an hour every message is visible, also one that was given back for the rest of a lease.
    const clock = new VirtualClock(Date.now() + 3_600_000);
    const state = openState({ system: systemContract(trips), directory: join(folder, 'state'), clock });
    for (const { cartId } of carts) {
      bookings.set(cartId, await readBooking(state, cartId));
      for (const event of await state.parkingStore.parked(pidOf(cartId))) parked.push(`${event.pid}: ${event.reason} ${event.detail}`);
    }
    for (const event of await state.parkingStore.parked('')) parked.push(`${event.reason} ${event.detail}`);
    for (const [name, queue] of state.queues)
      for (const { body } of await queue.receive({ max: 1000, waitSeconds: 0, visibilitySeconds: 1 }))
        left.push({ name, cart: /cart-\d+/.exec(body)?.[0] });
    state.close();
    const ledger = new PaymentLedger(join(folder, 'payments.db'));
    for (const { command_id: id, command, cart } of ledger.effects()) effects.push({ id, command, cart });
    ledger.close();
    foreign = readForeignEffects(join(folder, 'foreign.jsonl'));
    for (const { key, command, cart } of foreign) effects.push({ id: key, command, cart });
  }, 120_000);

  test('all end, and the folder can be opened again because no lock is left', () => {
    expect(last).toBe(0);
    expect(existsSync(join(folder, 'done'))).toBe(true);
    expect(killed, 'of the lives, so many were ended by the kill and not by themselves').toBe(KILLS);
  });

  test('end as their carts deserve, completed or failed', () => {
    const statuses = carts.map(({ cartId, fate }) => [cartId, fate, bookings.get(cartId)?.head.status]);
    expect(statuses).toEqual(carts.map(({ cartId, fate }) => [cartId, fate, fate === 'booked' ? 'completed' : 'failed']));
  });

  test('have each effect once per command id, even if it was requested twice', () => {
    const counts = new Map<string, number>();
    for (const { id } of effects) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count !== 1)).toEqual([]);
    expect(foreign.length).toBe(new Set(foreign.map(({ key }) => key)).size);
  });

  test('have the effects that their fates ask for, each step once, and the undoing of exactly what was done', () => {
    const seen = carts.map(({ cartId }) => [
      cartId,
      effects
        .filter(({ cart }) => cart === cartId)
        .map(({ command }) => command)
        .toSorted(),
    ]);
    expect(seen).toEqual(carts.map(({ cartId, fate }) => [cartId, effectsOf(fate).toSorted()]));
  });

  test('undo in reverse order what their journals say was done', () => {
    const undone = (journal: readonly JournalEntry[]): readonly (string | undefined)[] =>
      journal
        .filter((entry) => entry.type === 'CommandIssued' && entry.undoes !== undefined)
        .map((entry) => (entry.type === 'CommandIssued' ? entry.command : undefined));
    const found = carts.map(({ cartId }) => [cartId, undone(bookings.get(cartId)?.journal ?? [])]);
    expect(found).toEqual(carts.map(({ cartId, fate }) => [cartId, effectsOf(fate).filter((command) => /cancel|refund/.test(command))]));
  });

  test('perform only commands that a committed journal holds', () => {
    const issued = new Set<string>();
    for (const booking of bookings.values())
      for (const entry of booking?.journal ?? [])
        if (entry.type === 'CommandIssued') issued.add(`${booking?.head.pid}/${booking?.head.run}/${entry.n}`);
    expect(effects.filter(({ id }) => !issued.has(id))).toEqual([]);
  });

  test('are started once, however often their cart is published', () => {
    for (const booking of bookings.values()) {
      const starts = (booking?.journal ?? []).filter(({ type }) => type === 'ProcessStarted' || type === 'StartRejected');
      expect(starts.map(({ type }) => type)).toEqual(['ProcessStarted']);
    }
  });

  test('have no timer that fires early, by their own clock or by the wall', () => {
    const early: string[] = [];
    for (const [cartId, booking] of bookings) {
      const due = new Map<number, number>();
      for (const entry of booking?.journal ?? []) {
        if (entry.type === 'TimerSet') due.set(entry.n, entry.due);
        if (entry.type === 'TimerFired' && entry.at < (due.get(entry.n) ?? Infinity)) early.push(`${cartId}: ${entry.n} at ${entry.at}`);
      }
      const at = (command: string): number | undefined =>
        foreign.find((effect) => effect.cart === cartId && effect.command === command)?.at;
      const [flight, hotel] = [at('flights.book'), at('hotels.book')];
      if (flight !== undefined && hotel !== undefined && hotel - flight < SLEEP_MS)
        early.push(`${cartId}: the hotel ${hotel - flight} ms after the flight`);
    }
    expect(early).toEqual([]);
  });

  test('leave nothing parked, and in the queues at most second copies for ended bookings', () => {
    expect(parked).toEqual([]);
    expect(left.filter(({ name }) => name.endsWith('-dead-letter'))).toEqual([]);
    expect(left.filter(({ cart = '' }) => bookings.get(cart)?.head.closedAt === undefined)).toEqual([]);
  });
});
