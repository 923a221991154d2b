import type { Reach } from './connection.ts';
import type { InstanceCount } from './describe.ts';
import { namesOf } from './instance.ts';
import { matchingHeads, type ListFilter } from './list.ts';

/** A count reads the head of each instance, so it stops here. */
export const COUNTED_INSTANCES_MAX = 10_000;

/** Counts the instances that match the filter, by process and status, in the order of these names. */
export async function countInstances(reach: Reach, filter: ListFilter = {}): Promise<readonly InstanceCount[]> {
  const counts = new Map<string, number>();
  let all = 0;
  for await (const { pid, status, paused } of matchingHeads(reach, filter)) {
    all += 1;
    if (all > COUNTED_INSTANCES_MAX) break;
    const key = `${namesOf(pid).process} ${paused === undefined ? status : 'paused'}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const more = all > COUNTED_INSTANCES_MAX;
  return [...counts]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, count]) => {
      const [process = '', status = ''] = key.split(' ');
      return { process, status, count, ...(more && { more }) };
    });
}
