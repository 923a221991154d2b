/**
 * Returns the path of the field that `read` returns of its argument, such as `order.id`. Undefined if `read` does anything else, such
 * as joining two fields. `read` runs once on a proxy that records the reads, so that a contract's function can be published as data.
 */
export function fieldPath(read: (data: never) => unknown): string | undefined {
  const paths = new Map<unknown, string>();
  // A function that reads anything else may choose the field by it.
  let reads = 0;
  const readOther = (): undefined => void (reads = Infinity);
  const field = (path: string): object => {
    const value = new Proxy(Object.freeze({}), {
      get: (_, key) => {
        if (typeof key !== 'string' || !FIELD.test(key)) return readOther();
        reads += 1;
        return field(path === '' ? key : `${path}.${key}`);
      },
      has: () => readOther() ?? false,
      ownKeys: () => readOther() ?? [],
      getOwnPropertyDescriptor: () => readOther(),
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

/** Reads the field at a path that `fieldPath` returned. */
export function fieldAt(data: unknown, path: string): unknown {
  let here = data;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return here;
}

const FIELD = /^[A-Za-z0-9_$-]+$/;
