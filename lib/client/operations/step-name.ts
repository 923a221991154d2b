/**
 * What a step's path names: the command or the event, without the scopes around it, its ordinal and what is done with it.
 * `hotel/hotels.book:1/retry` is `hotels.book`.
 */
export function stepName(path: string): string {
  const parts = path.split('/').filter((part) => !DONE_WITH_IT.test(part));
  return (parts.at(-1) ?? path).replace(/:\d+$/, '');
}

const DONE_WITH_IT = /^(?:undo|retry|timeout|run:\d+)$/;
