import type { ComponentType } from 'react';
import { decoded, READS, rowsPath, STUCK_COUNTS, timelinePath } from './paths.ts';
import { instancePath } from './request.ts';

/** One view of the page. */
export interface ListedView {
  /** Its path, with the parameters of wouter. */
  readonly path: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
  /** The paths of its reads, beside that of the system. */
  readonly reads: (address: Address) => FirstReads;
}

type Address = Pick<Location, 'pathname' | 'search'>;

interface FirstReads {
  readonly whole: readonly string[];
  /** The first page of a list, which the query of the list keeps with the pages after it. */
  readonly page?: string;
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
