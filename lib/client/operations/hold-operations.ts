import type { Reach } from '../connection.ts';
import { listHolds, pauseScope, previewHold, resumeScope } from '../holds.ts';
import type { HoldOperation, HoldResponse } from './operations.ts';

/** `tutti holds`, and the pause and resume of a whole process or service. */
export async function holdOperation(reach: Reach, request: HoldOperation): Promise<HoldResponse> {
  switch (request.do) {
    case 'preview':
      return { preview: await previewHold(reach, request.scope) };
    case 'pause':
      await pauseScope(reach, request.scope, request.reason, request);
      break;
    case 'resume':
      await resumeScope(reach, request.scope, request.reason);
      break;
    case 'list':
      break;
  }
  return { holds: (await listHolds(reach)).map(({ since, ...hold }) => ({ ...hold, since: since.toISOString() })) };
}
