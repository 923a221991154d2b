import { OrchestratorError } from '../contract/errors.ts';
import type { Notice } from '../engine/engine.ts';

/** No person need act: an event beside a stuck instance is sent back by its `resume`, and one that came after the end expires. */
const HARMLESS: ReadonlySet<string> = new Set(['STUCK', 'CLOSED']);

/** A message that the engine could not apply, as a program is told of it; undefined where nothing is to be done about it. */
export function parkedFault({ kind, reason, pid, detail = '' }: Notice): OrchestratorError | undefined {
  if (kind !== 'parked' || HARMLESS.has(reason)) return undefined;
  const beside = pid === '' ? '' : ` beside ${pid}`;
  return new OrchestratorError('EVENT_PARKED', `A message was parked${beside} (${reason}): ${detail}`, {
    retryable: false,
    remedy: `Read the entry ${reason} under Parking reasons in docs/errors.md: it says what to correct.`,
    details: { reason, pid },
  });
}
