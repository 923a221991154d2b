import { instancePath, withParameters } from './request.ts';

/** The reads of the overview, the cheapest first: the counts of a large system take longest. */
export const READS = {
  causes: '/api/causes?where=status%3Astuck',
  services: '/api/services',
  schedules: '/api/schedules',
  versions: '/api/versions',
  counts: '/api/counts',
} as const;

/** The numbers of the navigation. */
export const STUCK_COUNTS = '/api/counts?where=status%3Astuck';

/** The steps of the newest part of a timeline. */
export const STEPS = 500;

export function timelinePath(name: { readonly process: string; readonly id: string }, asked: TimelineAsked): string {
  return withParameters(`${instancePath(name)}/timeline`, { limit: asked.limit ?? STEPS, at: asked.at, number: asked.number });
}

interface TimelineAsked {
  readonly limit?: number;
  /** As after this entry of the journal. */
  readonly at?: number | undefined;
  /** The run. @default the latest */
  readonly number?: number | undefined;
}

/** The rows of one page of the list. */
export const ROWS = 50;

export function rowsPath(where: string, after = ''): string {
  return withParameters('/api/instances', { where, limit: ROWS, after });
}

/** A part of a path, or the part as it is if it has an escape that is none. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
