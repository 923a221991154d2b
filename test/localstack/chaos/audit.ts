import { trips } from '../../../examples/travel-booking/system.ts';
import { auditEnd } from '../../simulation/auditor/audit-end.ts';
import type { Evidence } from '../../simulation/auditor/evidence.ts';
import type { Expectation } from '../../simulation/scenarios/scenario.ts';

/** The violations at the end. No message here is spoofed or malformed, so no event may be parked either. */
export async function audit(evidence: Evidence, expectations: ReadonlyMap<string, Expectation>): Promise<readonly string[]> {
  const violations = [...(await auditEnd(evidence, expectations, { builds: [trips] }))];
  for (const place of ['', ...expectations.keys()])
    for (const { reason, detail } of await evidence.parking.parked(place))
      violations.push(`I6: ${reason} is parked beside ${place === '' ? 'no instance' : place}: ${detail}`);
  return violations;
}
