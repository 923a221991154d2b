/** Connections that one store takes at a time: the SDK opens at most 50 to one host, and others need some. */
const CONNECTIONS_MAX = 16;

/** `act` on every item, in order of the items, a few at a time. */
export async function inParallel<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await act(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS_MAX, items.length) }, worker));
  return results;
}
