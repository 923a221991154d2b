import type { Route } from './route.ts';

const JSON_TYPE = 'application/json';

/** The OpenAPI 3.1 document of the API. `views.ts` has the members of each response. */
export function openApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Operations of a Tutti system',
      version: '1',
      description: 'Instants are ISO 8601 texts in UTC. A member without a value is absent.',
    },
    paths,
    components: {
      schemas: {
        RefusalView: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message'],
              properties: { code: STRING, message: STRING, remedy: STRING, details: {}, grant: STRING, signIn: STRING },
            },
          },
        },
      },
    },
  };
}

const STRING = { type: 'string' };

function operationOf({ method, path, about, returns, query = {}, body }: Route): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: STRING }));
  const inQuery = Object.entries({ ...query, tenant: 'text' as const }).map(([name, kind]) => ({
    name,
    in: 'query',
    schema: SCHEMAS[kind],
  }));
  return {
    summary: about,
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z]+(\w)?/g, (_, letter: string | undefined) => (letter ?? '').toUpperCase())}`,
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: { required: true, content: { [JSON_TYPE]: { schema: body } } } }),
    responses: {
      200: { description: returns, content: { [JSON_TYPE]: { schema: { type: 'object' } } } },
      default: {
        description: 'The request was refused.',
        content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/RefusalView' } } },
      },
    },
  };
}

const SCHEMAS = {
  text: { type: 'string', minLength: 1 },
  count: { type: 'integer', minimum: 1 },
  index: { type: 'integer', minimum: 0 },
  flag: { type: 'boolean' },
} as const;
