import type { Evidence } from '../../simulation/auditor/evidence.ts';
import type { Expectation } from '../../simulation/scenario.ts';
import { isClosed } from '../../../lib/core/image.ts';

/** What is not right at the end; empty where all is. */
export async function audit(evidence: Evidence, expectations: ReadonlyMap<string, Expectation>): Promise<readonly string[]> {
  const { store, parking, left, effects } = evidence;
  const violations: string[] = [];
  for (const [queue, count] of left) if (count > 0) violations.push(`I8: ${count} messages are left in ${queue}`);
  for (const event of await parking.parked('')) violations.push(`I6: ${event.reason} parked: ${event.body}`);
  const pids = [...expectations.keys()];
  const heads = await store.load(pids, { consistent: true });
  for (const [index, head] of heads.entries()) {
    const pid = pids[index]!;
    if (head === undefined || !isClosed(head.status)) {
      violations.push(`I8: ${pid} is ${head?.status ?? 'not there'}: ${head?.why ?? ''}`);
      continue;
    }
    let next = 0;
    for (const chunk of await store.chunks(pid, head.run)) {
      if (chunk.from > next) violations.push(`I3: the journal of ${pid} has a gap before ${chunk.from}`);
      next = Math.max(next, chunk.from + chunk.entries.length);
    }
    if (head.tailFrom > next) violations.push(`I3: the journal of ${pid} has a gap before its tail at ${head.tailFrom}`);
    for (const event of await parking.parked(pid)) violations.push(`I6: parked beside ${pid}: ${event.reason} ${event.detail}`);
    const own = effects.filter(({ commandId }) => commandId.startsWith(`${pid}/`));
    const undone = new Set(own.flatMap(({ undoes }) => undoes ?? []));
    const run = {
      pid,
      run: head.run,
      status: head.status,
      entries: [],
      effects: own,
      standing: own.filter(({ commandId }) => !undone.has(commandId)),
      disturbed: false,
    };
    violations.push(
      ...expectations
        .get(pid)!
        .judge(run)
        .map((fault) => `${pid} ${fault}`),
    );
  }
  return violations;
}
