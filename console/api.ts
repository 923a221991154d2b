import { keepPreviousData, QueryClient, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { createContext, useContext, useEffect } from 'react';
import type { InstanceView, RefusalView, SystemView } from '../lib/console/views.ts';

/** A refusal of the operations API, or a server that does not answer. */
export class ApiError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  readonly grant: string | undefined;
  /** The path at which a person signs in to a hosted console. */
  readonly signIn: string | undefined;

  constructor({ code, message, remedy, grant, signIn }: RefusalView['error']) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.grant = grant;
    this.signIn = signIn;
  }
}

const TOKEN = 'tutti.token';

/** Keeps the token of the address, which the command line prints, and takes it out of the address bar and its history. */
export function takeToken(): void {
  const token = /^#token=([^&]+)/.exec(location.hash)?.[1];
  if (token === undefined) return;
  localStorage.setItem(TOKEN, token);
  history.replaceState(null, '', location.pathname + location.search);
}

/** Reads a view. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await bodyOf(await request(path, { ...(signal && { signal }) }))) as T;
}

/** Sends an operation. */
export async function post<T>(path: string, body: unknown): Promise<T> {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'x-amz-content-sha256': await sha256(text) };
  return (await bodyOf(await request(path, { method: 'POST', body: text, headers }))) as T;
}

/** The path of an instance in the API; each part is one segment. */
export function instancePath({ process, id }: { readonly process: string; readonly id: string }): string {
  return `/api/instances/${encodeURIComponent(process)}/${encodeURIComponent(id)}`;
}

/** A path with those parameters that have a value. */
export function withParameters(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

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

async function request(path: string, init: RequestInit): Promise<Response> {
  const token = localStorage.getItem(TOKEN);
  const tenant = new URLSearchParams(location.search).get('tenant');
  const address = tenant === null ? path : `${path}${path.includes('?') ? '&' : '?'}tenant=${encodeURIComponent(tenant)}`;
  const headers = { ...(init.headers as Record<string, string>), ...(token !== null && { authorization: `Bearer ${token}` }) };
  try {
    return await fetch(address, { ...init, headers, cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError({
      code: 'UNREACHABLE',
      message: 'The console does not answer.',
      remedy: 'Look at the terminal in which it was started; start it again there.',
    });
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  let refusal: RefusalView;
  try {
    refusal = JSON.parse(text) as RefusalView;
  } catch {
    throw new ApiError({ code: String(response.status), message: `The console answered ${response.status}.` });
  }
  throw new ApiError(refusal.error);
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
