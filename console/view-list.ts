import type { ComponentType } from 'react';
import { instancePath, withParameters } from './request.ts';

/** One view of the page. */
export interface ListedView {
  /** Its path, with the parameters of wouter. */
  readonly path: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
  /** What it reads at once, beside the system. */
  readonly reads: (address: Address) => FirstReads;
}

type Address = Pick<Location, 'pathname' | 'search'>;

interface FirstReads {
  readonly whole: readonly string[];
  /** The first page of a list, which the query of the list keeps with the pages after it. */
  readonly page?: string;
}

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

function view(path: string, load: ListedView['load'], ...reads: readonly string[]): ListedView {
  return { path, load, reads: () => ({ whole: reads }) };
}

export const VIEWS: readonly ListedView[] = [
  view('/', () => import('./views/home.tsx'), ...Object.values(READS)),
  {
    path: '/list',
    load: () => import('./views/list.tsx'),
    reads: ({ search }) => ({ whole: [STUCK_COUNTS], page: rowsPath(new URLSearchParams(search).get('q') ?? '') }),
  },
  { path: '/i/:process/:id', load: () => import('./views/instance.tsx'), reads: readsOfInstance },
  view('/stuck', () => import('./views/stuck.tsx'), STUCK_COUNTS, READS.causes),
  view('/parked', () => import('./views/parked.tsx'), STUCK_COUNTS),
  view('/tasks', () => import('./views/tasks.tsx'), STUCK_COUNTS),
  view('/bulk', () => import('./views/bulk.tsx'), STUCK_COUNTS),
  view('/bulk/:id', () => import('./views/bulk-job.tsx'), STUCK_COUNTS),
  view('/services', () => import('./views/services.tsx'), STUCK_COUNTS, READS.services),
  view('/schedules', () => import('./views/schedules.tsx'), STUCK_COUNTS, READS.schedules),
  view('/processes', () => import('./views/processes.tsx'), STUCK_COUNTS, READS.versions),
  view('/process/:process', () => import('./views/process.tsx'), STUCK_COUNTS, READS.versions),
  view('/map', () => import('./views/map.tsx'), STUCK_COUNTS),
  view('/cost', () => import('./views/cost.tsx'), STUCK_COUNTS),
];

/** The view that the address names. */
export function viewAt(pathname: string): ListedView | undefined {
  return VIEWS.find(({ path }) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(pathname));
}

function readsOfInstance({ pathname, search }: Address): FirstReads {
  const [, , process = '', id = ''] = pathname.split('/').map(decoded);
  const asked = new URLSearchParams(search);
  const at = asked.get('at');
  const hasTimeline = ['', 'timeline'].includes(asked.get('tab') ?? '') && !asked.has('number');
  const timeline = hasTimeline ? [timelinePath({ process, id }, at === null ? {} : { at: Number(at) })] : [];
  return { whole: [instancePath({ process, id }), ...timeline, STUCK_COUNTS] };
}

/** A part of a path, or the part as it is if it has an escape that is none. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
