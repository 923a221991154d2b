import { trips } from '../../../examples/travel-booking/system.ts';
import { auditEnd } from '../../simulation/auditor/audit-end.ts';
import type { Evidence } from '../../simulation/auditor/evidence.ts';
import type { Expectation } from '../../simulation/scenario.ts';

/** What is not right at the end; empty where all is. Nobody forges and nothing is malformed here, so nothing may be parked either. */
export async function audit(evidence: Evidence, expectations: ReadonlyMap<string, Expectation>): Promise<readonly string[]> {
  const violations = await auditEnd(evidence, expectations, { builds: [trips] });
  const places = ['', ...expectations.keys()];
  const parked = await Promise.all(places.map((pid) => evidence.parking.parked(pid)));
  return [
    ...violations,
    ...parked.flat().map(({ pid, reason, detail }) => `I6: ${reason} is parked beside ${pid === '' ? 'no instance' : pid}: ${detail}`),
  ];
}
