import { HOLDS_PID } from '../../../lib/contract/holds.ts';
import type { ProcessStore } from '../../../lib/ports/process-store.ts';

/**
 * The store of a world in which no process and no service is paused. An engine then makes no call to read the holds, so seeds draw and cases
 * explore the calls about instances only.
 */
export function withoutHolds(store: ProcessStore): ProcessStore {
  return {
    load: async (pids, options) => {
      const others = pids.filter((pid) => pid !== HOLDS_PID);
      const heads = others.length === 0 ? [] : await store.load(others, options);
      return [...heads, ...(others.length < pids.length ? [undefined] : [])];
    },
    commit: (head, expected) => store.commit(head, expected),
    buffer: (event) => store.buffer(event),
    spill: (chunk) => store.spill(chunk),
    chunks: (pid, run) => store.chunks(pid, run),
  };
}
