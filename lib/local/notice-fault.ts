import { nameOf } from '../client/instance.ts';
import { stuckRemedy } from '../client/operations/stuck-remedy.ts';
import { ClientError, EventParked, type OrchestratorError } from '../contract/errors.ts';
import type { EngineNotice } from '../engine/engine.ts';

/**
 * Parking reasons that need no operator: `resume` redrives the events of a stuck instance, an event after the end of its instance expires,
 * and a refused request has notified its client.
 */
const HARMLESS: ReadonlySet<string> = new Set(['STUCK', 'CLOSED', 'REFUSED']);

/** The error for `onFault` of the embedded runtime, made from a notice of the engine; undefined if no operator need act. */
export function noticeFault(notice: EngineNotice): OrchestratorError | undefined {
  switch (notice.kind) {
    case 'parked':
      return HARMLESS.has(notice.reason) ? undefined : parkedFault(notice);
    case 'stuck':
      return stuckFault(notice);
    case 'unresolved':
    case 'ignored':
      return undefined;
  }
}

function parkedFault({ reason, pid, detail = '' }: EngineNotice): OrchestratorError {
  const beside = pid === '' ? '' : ` beside ${pid}`;
  return new EventParked(`A message was parked${beside} (${reason}): ${detail}`, {
    remedy: `Follow the entry ${reason} under Parking reasons in docs/errors.md.`,
    details: { reason, pid },
  });
}

function stuckFault({ reason, pid, detail = '' }: EngineNotice): OrchestratorError {
  return new ClientError('STUCK', `${nameOf(pid)} is stuck (${reason}): ${detail}`, {
    remedy: stuckRemedy(reason),
    details: { reason, pid },
  });
}
