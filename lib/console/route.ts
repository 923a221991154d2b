import type { JsonSchema } from '../contract/export/json-schema.ts';
import type { Reach } from '../client/connection.ts';
import type { ConsoleOptions } from './console-options.ts';
import type { QueryKind, QueryValues } from './request-values.ts';
import type { Act } from './views.ts';

/** A request that a route accepts. */
export interface Call {
  /** Within the tenant of the request. */
  readonly reach: Reach;
  readonly options: ConsoleOptions;
  /** By the name in the path of the route. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: QueryValues;
  /** It fits the schema of the route. Undefined for a `GET`. */
  readonly body: never;
  readonly request: Request;
}

/** One path of the API: what its documentation says, and what it does. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** Such as `/api/instances/{process}/{id}`. */
  readonly path: string;
  /** One sentence for the OpenAPI document. */
  readonly about: string;
  /** Name of the interface of `views.ts` that it returns. */
  readonly returns: string;
  /** @default no parameter but `tenant` */
  readonly query?: Readonly<Record<string, QueryKind>>;
  /** Of a `POST`: the schema of its body. */
  readonly body?: JsonSchema;
  /** Of a `POST`: the operation, for its permission. Absent if it changes nothing. */
  readonly act?: Act;
  /** Returns the view, or a whole response. */
  readonly run: (call: Call) => Promise<object>;
}

/** The values in a path; undefined if it is not a path of the route. */
export function pathValues(route: Route, pathname: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [route.path.split('/'), pathname.split('/')];
  if (wanted.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== given[at]) return undefined;
      continue;
    }
    const value = decoded(given[at] as string);
    if (value === undefined || value === '') return undefined;
    values[name] = value;
  }
  return values;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
