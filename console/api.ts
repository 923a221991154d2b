import { keepPreviousData, QueryClient, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { createContext, useContext, useEffect } from 'react';
import type { InstanceView, SystemView } from '../lib/console/views.ts';
import { ApiError, bodyOf, get, instancePath, request } from './request.ts';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => !(error instanceof ApiError) && failures < 2,
      staleTime: 1_000,
      placeholderData: keepPreviousData,
      networkMode: 'always',
    },
  },
});

/** Reads a view, and reads it again every so many milliseconds while the page is seen. */
export function useView<T>(path: string | undefined, every?: number): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [path],
    queryFn: ({ signal }) => get<T>(path as string, signal),
    enabled: path !== undefined,
    ...(every !== undefined && { refetchInterval: every }),
  });
}

/** A list is read again this often, in milliseconds. */
export const LIST_EVERY = 10_000;

export const SystemContext = createContext<SystemView | undefined>(undefined);

/** The system of this page. It is loaded before any view is shown. */
export function useSystem(): SystemView {
  const system = useContext(SystemContext);
  if (system === undefined) throw new Error('The view is shown without a system.');
  return system;
}

/** Reads an instance, and follows it: each change of its head renews what the page has of it. */
export function useInstance(name: { readonly process: string; readonly id: string }): UseQueryResult<InstanceView> {
  const path = instancePath(name);
  const { live, pollMs } = useSystem();
  const client = useQueryClient();
  const result = useView<InstanceView>(path);
  const isRead = result.data !== undefined;
  useEffect(() => {
    if (!isRead) return;
    const stop = new AbortController();
    void follow(path, { client, hold: live === 'hold', pollMs, signal: stop.signal });
    return () => stop.abort();
  }, [path, client, live, pollMs, isRead]);
  return result;
}

interface Following {
  readonly client: QueryClient;
  readonly hold: boolean;
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

async function follow(path: string, { client, hold, pollMs, signal }: Following): Promise<void> {
  while (!signal.aborted) {
    try {
      await seen(signal);
      const known = client.getQueryData<InstanceView>([path]);
      const changed = await request(hold ? `${path}?wait=20` : path, {
        signal,
        headers: known ? { 'if-none-match': `"${known.etag}"` } : {},
      });
      if (changed.status !== 304) {
        client.setQueryData([path], await bodyOf(changed));
        await client.invalidateQueries({ predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(`${path}/`) });
      }
      if (!hold) await pause(pollMs, signal);
    } catch {
      if (!signal.aborted) await pause(2_000, signal);
    }
  }
}

/** Resolves when the page is seen. A hidden page reads nothing. */
function seen(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener('visibilitychange', () => resolve(), { once: true, signal }));
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
