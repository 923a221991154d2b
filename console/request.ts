import type { RefusalView } from '../lib/console/views.ts';

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

/** Reads a view. A read that has begun early is used once. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const begun = early.get(path);
  early.delete(path);
  return (begun ? await begun.reading : await read(path, signal)) as T;
}

/** A read that began before the code of its view was here. */
interface EarlyRead {
  readonly reading: Promise<unknown>;
  value?: unknown;
}

const early = new Map<string, EarlyRead>();

/** Begins to read what the first view shows. */
export function readEarly(paths: readonly string[]): void {
  for (const path of paths) {
    const begun: EarlyRead = { reading: read(path) };
    begun.reading.then(
      (value) => (begun.value = value),
      () => {},
    );
    early.set(path, begun);
  }
  setTimeout(() => early.clear(), EARLY_FOR);
}

/** An early read that no view has used after so many milliseconds is too old. */
const EARLY_FOR = 10_000;

/** Takes those early reads of the paths that have arrived. */
export function takeArrived(paths: readonly string[]): readonly (readonly [path: string, value: unknown])[] {
  const arrived = [...early].filter(([path, { value }]) => value !== undefined && paths.includes(path));
  for (const [path] of arrived) early.delete(path);
  return arrived.map(([path, { value }]) => [path, value]);
}

async function read(path: string, signal?: AbortSignal): Promise<unknown> {
  return bodyOf(await request(path, { ...(signal && { signal }) }));
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

/** Sends a request to the operations API, with the token and the tenant of the page. */
export async function request(path: string, init: RequestInit): Promise<Response> {
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

/** The JSON of an answer. Throws ApiError for a refusal. */
export async function bodyOf(response: Response): Promise<unknown> {
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
