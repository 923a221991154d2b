import { OrchestratorError } from '../contract/errors.ts';
import type { Notice } from '../engine/engine.ts';

/** What waits beside an instance that is stuck is sent back by its `resume`, so nobody need act for its sake. */
const WAITS = 'STUCK';

/** A message that the engine could not apply, as a program is told of it; undefined where nothing is to be done about it. */
export function parkedFault({ kind, reason, pid, detail = '' }: Notice): OrchestratorError | undefined {
  if (kind !== 'parked' || reason === WAITS) return undefined;
  const beside = pid === '' ? '' : ` beside ${pid}`;
  return new OrchestratorError('EVENT_PARKED', `A message was parked${beside} (${reason}): ${detail}`, {
    retryable: false,
    remedy: `Read the entry ${reason} under Parking reasons in docs/errors.md: it says what to correct.`,
    details: { reason, pid },
  });
}
