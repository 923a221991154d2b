import { ClientError } from '../contract/errors.ts';
import type { Reach } from '../client/connection.ts';
import { within } from '../client/tenant.ts';
import type { ConsoleOptions } from './console-options.ts';
import { noteGrant } from './permissions.ts';
import { json, refused } from './refusal.ts';
import { invalid, queryValues, requireFit } from './request-values.ts';
import { pathValues, type Route } from './route.ts';
import { ROUTES } from './routes.ts';
import type { Act } from './views.ts';

/**
 * The operations API: everything that the console shows and does, as JSON over HTTP, without a server of its own.
 *
 * Input: a `Reach` of a system, in this process, on AWS or in the stored state of a stopped one. Output: a function from a `Request` to a
 * `Response`; docs/operations.md has its paths. Trunk: `routes.ts` lists the paths, `views.ts` the JSON of each; the other files compute one view
 * each. The host of the function checks its callers.
 */
export function operationsApi(system: Reach, options: ConsoleOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    let act: Act | undefined;
    try {
      const url = new URL(request.url);
      const { route, path } = routed(request.method, url.pathname);
      act = route.act;
      const query = queryValues(url, { tenant: 'text', ...route.query });
      const body = route.method === 'POST' ? await bodyOf(request, route) : undefined;
      if (act !== undefined && options.readOnly !== undefined) throw new ClientError('UNREACHABLE', options.readOnly);
      if (act !== undefined && options.denied !== undefined)
        return refused(new ClientError('DENIED', options.denied, { remedy: PERSON_DENIED }));
      const result = await route.run({ reach: within(system, query.text('tenant')), options, path, query, body: body as never, request });
      noteGrant(options, act);
      return result instanceof Response ? result : json(result);
    } catch (error) {
      return refused(error, noteGrant(options, act, error));
    }
  };
}

const PERSON_DENIED = 'Ask the owners of this console for the right to operate.';

function routed(method: string, pathname: string): { readonly route: Route; readonly path: Readonly<Record<string, string>> } {
  const methods: string[] = [];
  for (const route of ROUTES) {
    const path = pathValues(route, pathname);
    if (path === undefined) continue;
    if (route.method === method) return { route, path };
    methods.push(route.method);
  }
  const expected = methods.length > 0 ? methods.join(' or ') : 'a path of /api/openapi.json';
  throw new ClientError('NOT_FOUND', `There is no ${method} ${pathname}: expected ${expected}.`);
}

async function bodyOf(request: Request, { body }: Route): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  // A form of another site cannot send this type without the consent of its browser.
  if (!/^application\/json(?:;|$)/.test(type))
    throw invalid(`The request has the type ${JSON.stringify(type)}: expected application/json.`);
  const value = parsed(await request.text());
  requireFit(value, body ?? {});
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`The request is not JSON: ${(error as Error).message}.`);
  }
}
