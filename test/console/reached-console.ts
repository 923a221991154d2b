import { connect, type Client } from 'tutti/client';
import { connectionPorts, type Reach } from '../../lib/client/connection.ts';
import { systemContract } from '../../lib/contract/system.ts';
import type { ConsoleOptions } from '../../lib/console/console-options.ts';
import { operationsApi } from '../../lib/console/operations-api.ts';
import { Runtime } from '../../lib/local/runtime.ts';
import type { ProcessStore } from '../../lib/ports/process-store.ts';
import { peopleHandler, shop, stockHandler } from '../client/shop-orders.ts';

/** A shop in memory, and its operations API. */
export interface ReachedConsole {
  readonly client: Client;
  readonly reach: Reach;
  readonly store: ProcessStore;
  get<T>(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer<T>>;
  post<T>(path: string, body: unknown): Promise<Answer<T>>;
  close(): Promise<void>;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export async function reachedConsole(options: Partial<ConsoleOptions> = {}): Promise<ReachedConsole> {
  const runtime = new Runtime(shop, { services: [stockHandler, peopleHandler] });
  await runtime.start();
  const { connection } = runtime;
  const reach = { system: systemContract(shop), ports: connectionPorts(connection) };
  const api = operationsApi(reach, { place: 'the folder .tutti', option: '--local .tutti', ...options });
  const ask = async <T>(path: string, init: RequestInit): Promise<Answer<T>> => {
    const response = await api(new Request(`http://127.0.0.1${path}`, init));
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as T };
  };
  return {
    client: connect(shop, connection),
    reach,
    store: runtime.state.processStore,
    get: (path, headers = {}) => ask(path, { headers: { ...headers } }),
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    close: () => runtime.stop(),
  };
}
