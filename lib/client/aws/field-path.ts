/**
 * The path of the one field that `read` returns of its argument, as `order.id`; undefined where it does anything else, such
 * as joining two fields. It is run once on a value that notes what is read of it, so that what a contract computes by code
 * can be published as data.
 */
export function fieldPath(read: (data: never) => unknown): string | undefined {
  const paths = new Map<unknown, string>();
  // Whatever else is read may decide which field is returned.
  let reads = 0;
  const readOtherwise = (): undefined => void (reads = Infinity);
  const field = (path: string): object => {
    const value = new Proxy(Object.freeze({}), {
      get: (_, key) => {
        if (typeof key !== 'string' || !FIELD.test(key)) return readOtherwise();
        reads += 1;
        return field(path === '' ? key : `${path}.${key}`);
      },
      has: () => readOtherwise() ?? false,
      ownKeys: () => readOtherwise() ?? [],
      getOwnPropertyDescriptor: () => readOtherwise(),
    });
    paths.set(value, path);
    return value;
  };
  try {
    const path = paths.get(read(field('') as never));
    return path === undefined || path === '' || reads !== path.split('.').length ? undefined : path;
  } catch {
    return undefined;
  }
}

/** What `fieldPath` found, read of data. */
export function fieldAt(data: unknown, path: string): unknown {
  let here = data;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return here;
}

const FIELD = /^[A-Za-z0-9_$-]+$/;
