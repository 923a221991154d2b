import type { Json } from '../contract/schema.ts';

/** How a value that is passed now differs from the recorded one. `before` is undefined if only the hash of the recorded value is stored. */
export function differenceOf(now: Json, before: Json | undefined, hashNow: string, hashBefore: string): string {
  if (before === undefined) return `is passed ${shown(now)} with hash ${hashNow}, in the journal it has hash ${hashBefore}`;
  const { path, values } = firstDifference(now, before);
  return `is passed ${path}${shown(values[0])}, in the journal it is ${shown(values[1])}`;
}

interface Difference {
  /** Ends with a space if it names a member. */
  readonly path: string;
  readonly values: readonly [Json | undefined, Json | undefined];
}

/** The first member in which two values differ. */
export function firstDifference(now: Json | undefined, before: Json | undefined, path = ''): Difference {
  if (isObject(now) && isObject(before))
    for (const key of new Set([...Object.keys(now), ...Object.keys(before)]))
      if (JSON.stringify(now[key]) !== JSON.stringify(before[key]))
        return firstDifference(now[key], before[key], path === '' ? key : `${path}.${key}`);
  return { path: path === '' ? '' : `${path} `, values: [now, before] };
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null;
}

const SHOWN_LENGTH_MAX = 80;

/** A value for a sentence, truncated to `SHOWN_LENGTH_MAX` characters. */
export function shown(value: Json | undefined): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'missing';
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}
