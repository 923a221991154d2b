import type { Caller, Methods } from './port-channel.ts';

/** A request and a response of the operations API, as they travel over a channel. */
interface CarriedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface CarriedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Api = (request: Request) => Promise<Response>;

/** The headers that the API reads. */
const REQUEST_HEADERS = ['content-type', 'if-none-match'] as const;
const ORIGIN = 'http://console.invalid';
/** A response with these statuses has no body, not even an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 304]);

/** The operations API of the system at the other end of a channel, which runs beside the code of the system. */
export function remoteConsole(caller: Caller): Api {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const named = REQUEST_HEADERS.flatMap((name) => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const carried: CarriedRequest = {
      method: request.method,
      path: pathname + search,
      headers: Object.fromEntries(named),
      ...(request.method === 'POST' && { body: await request.text() }),
    };
    const { status, headers, body } = await caller.call<CarriedResponse>('console.answer', [carried]);
    return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers });
  };
}

/** The operations API of this system, for the other end of a channel. It is loaded at its first request. */
export function offeredConsole(load: () => Promise<Api>): Methods {
  let loaded: Promise<Api> | undefined;
  return {
    'console.answer': async ({ method, path, headers, body }: CarriedRequest): Promise<CarriedResponse> => {
      const api = await (loaded ??= load());
      const response = await api(new Request(new URL(path, ORIGIN), { method, headers, ...(body !== undefined && { body }) }));
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    },
  };
}
