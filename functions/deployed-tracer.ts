import { requestSigner } from '../lib/adapters/aws/request-signer.ts';
import { withinCloudWatch } from '../lib/client/trace/cloudwatch-limits.ts';
import { otlpTracer, type OtlpSettings } from '../lib/client/trace/otlp-tracer.ts';
import type { Tracer } from '../lib/format/tracer.ts';
import { clock, deployedStore, sdkClient } from './deployed-ports.ts';
import { deployedSystem } from './deployed-system.ts';
import { faultLine, logLine } from './log-line.ts';

interface DeployedSettings extends OtlpSettings {
  /** The endpoint is that of CloudWatch, which refuses requests without the signature of the function. */
  readonly isCloudWatch?: boolean;
}

const DETAIL_CHARACTERS_MAX = 300;

/**
 * The tracer of a deployment with `otlp`; advance-processes loads this file only then. Spans that are lost are one line in its log for each export
 * that failed, with their number.
 */
export function deployedTracer(settings: string): Tracer | undefined {
  try {
    const { isCloudWatch = false, ...otlp } = JSON.parse(settings) as DeployedSettings;
    let lost = 0;
    return otlpTracer(otlp, {
      system: deployedSystem().name,
      clock,
      store: deployedStore(),
      ...(isCloudWatch && { sign: requestSigner(sdkClient(), 'xray'), requests: withinCloudWatch }),
      onDropped: (count, error) => {
        lost += count;
        if (error === undefined) return;
        logLine({ event: 'untraced', count: lost, detail: (error as Error).message.slice(0, DETAIL_CHARACTERS_MAX) });
        lost = 0;
      },
    });
  } catch (error) {
    // Events are applied without spans too.
    logLine(faultLine(error));
    return undefined;
  }
}
