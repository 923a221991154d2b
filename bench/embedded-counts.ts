/**
 * Counts of one booking of the embedded runtime, whose state is in a folder, one booking at a time. A slow machine changes them little: the
 * sweep of the timers, ten a second, adds promises, and the log merges the changes of 50 ms at most, so that it has more records.
 */
import { createHook } from 'node:async_hooks';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFiles } from '../lib/adapters/embedded/log/log-files.ts';
import { LoggedTable } from '../lib/adapters/embedded/log/logged-table.ts';
import { RowFormat } from '../lib/adapters/embedded/log/row-format.ts';
import type { Check } from './counted-cases.ts';
import { withTrips } from './embedded-load.ts';

export interface EmbeddedRow {
  readonly kind: 'embedded';
  readonly case: 'embedded';
  readonly row: string;
  readonly checks: readonly Check[];
}

interface EmbeddedCounts {
  records: number;
  characters: number;
  rows: number;
  promises: number;
  stringifications: number;
}

/** The bench fails above these limits. Each is a tenth above the count of this version, and that of the records a quarter. */
const LIMITS: Readonly<Record<keyof EmbeddedCounts, { readonly what: string; readonly atMost: number }>> = {
  records: { what: 'records in the log', atMost: 26 },
  characters: { what: 'characters in the log', atMost: 11_000 },
  rows: { what: 'rows in the database', atMost: 5.5 },
  promises: { what: 'promises', atMost: 800 },
  stringifications: { what: 'calls of JSON.stringify', atMost: 49 },
};

export async function embeddedRow(bookings = 40): Promise<EmbeddedRow> {
  const counts = await countBookings(bookings);
  const kinds = Object.keys(LIMITS) as (keyof EmbeddedCounts)[];
  return {
    kind: 'embedded',
    case: 'embedded',
    row: 'a booking in a folder, one at a time',
    checks: kinds.map((kind) => ({ ...LIMITS[kind], counted: counts[kind] })),
  };
}

const WARM_UP = 5;

async function countBookings(bookings: number): Promise<EmbeddedCounts> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
  const sums: EmbeddedCounts = { records: 0, characters: 0, rows: 0, promises: 0, stringifications: 0 };
  let during: EmbeddedCounts = sums;
  const restore = countInto(sums);
  try {
    await withTrips(directory, async (book) => {
      for (let number = 0; number < WARM_UP; number += 1) await book(number);
      const before = { ...sums };
      for (let number = 0; number < bookings; number += 1) await book(WARM_UP + number);
      during = difference(sums, before);
    });
  } finally {
    restore();
    rmSync(directory, { recursive: true, force: true });
  }
  const each = (count: number): number => count / bookings;
  return {
    records: each(during.records),
    characters: each(during.characters),
    // The rows are written at the end.
    rows: sums.rows / (WARM_UP + bookings),
    promises: each(during.promises),
    stringifications: each(during.stringifications),
  };
}

function difference(after: EmbeddedCounts, before: EmbeddedCounts): EmbeddedCounts {
  const entries = Object.entries(after) as [keyof EmbeddedCounts, number][];
  return Object.fromEntries(entries.map(([kind, count]) => [kind, count - before[kind]])) as unknown as EmbeddedCounts;
}

/** Counts until the returned function is called. */
function countInto(sums: EmbeddedCounts): () => void {
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'PROMISE') sums.promises += 1;
    },
  }).enable();
  const { stringify } = JSON;
  JSON.stringify = function counted(...args: Parameters<typeof stringify>) {
    sums.stringifications += 1;
    return stringify(...args);
  } as typeof stringify;
  const putBack = [
    onCall(LogFiles.prototype, 'append', (args: Parameters<LogFiles['append']>) => {
      sums.characters += args[2].length;
      return args;
    }),
    onCall(LoggedTable.prototype, 'encodeChanges', ([begin]: Parameters<LoggedTable<string, unknown>['encodeChanges']>) => [
      (number: number) => {
        sums.records += 1;
        return begin(number);
      },
    ]),
    onCall(RowFormat.prototype, 'values', (args: Parameters<RowFormat<string>['values']>) => {
      sums.rows += 1;
      return args;
    }),
  ];
  return () => {
    hook.disable();
    JSON.stringify = stringify;
    for (const put of putBack) put();
  };
}

/** Calls `note` with the arguments of each call of the method, which gets those that it returns. Returns a function that puts the method back. */
function onCall<T extends object>(target: T, method: keyof T & string, note: (args: never) => readonly unknown[]): () => void {
  const methods = target as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[method] as (...args: unknown[]) => unknown;
  methods[method] = function (this: unknown, ...args: unknown[]) {
    return original.apply(this, [...note(args as never)]);
  };
  return () => {
    methods[method] = original;
  };
}
