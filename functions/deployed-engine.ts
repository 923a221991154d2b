import { Engine } from '../lib/engine/engine.ts';
import { frontEndOf } from '../lib/process/front-end.ts';
import {
  clock,
  deployedIndex,
  deployedParking,
  deployedPayloads,
  deployedPublisher,
  deployedReplyKeys,
  deployedSender,
  deployedStore,
  environment,
} from './deployed-ports.ts';
import { deployedSystem } from './deployed-system.ts';
import { faultLine, logLine, noticeLine } from './log-line.ts';

/** Few messages meet the environment that served the last ones of their instance, and each holds its journal's values. */
const WARM_INSTANCES_MAX = 2_000;

/**
 * The engine over the resources of the deployment; its warm instances live as long as the function's environment.
 *
 * Lambda ends an environment at a rejection that nobody handles, with all that it has in hand. The engine finds the instance that is
 * guilty of it instead; one that it knows nothing of still ends the environment, since Node then throws it.
 */
export const deployedEngine = (): Engine => {
  process.removeAllListeners('unhandledRejection');
  const { accounts, tickThresholdMs: tickHorizonMs, retentionMs } = environment();
  return new Engine({
    system: deployedSystem(),
    frontEndOf,
    store: deployedStore(),
    index: deployedIndex(),
    parking: deployedParking(),
    payloads: deployedPayloads(),
    sender: deployedSender(),
    publisher: deployedPublisher(),
    clock,
    accounts,
    replyKeys: deployedReplyKeys(),
    hotLane: true,
    warmMax: WARM_INSTANCES_MAX,
    tickThresholdMs: tickHorizonMs,
    ...(retentionMs !== undefined && { startAgeMaxMs: retentionMs }),
    onNotice: (notice) => logLine(noticeLine(notice)),
    onFault: (error) => logLine(faultLine(error)),
  });
};
