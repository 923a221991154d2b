/** Connections that one store uses at a time. The SDK opens at most 50 to one host, and other stores need some. */
const CONNECTIONS_MAX = 16;

/** Runs `act` on every item, a few at a time, and returns the results in the order of the items. */
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
