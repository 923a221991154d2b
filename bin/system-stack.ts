import { awsReach } from '../lib/client/aws/aws.ts';
import type { Reach } from '../lib/client/connection.ts';

/** Reaches a deployed system by the parameters that it publishes; needs none of its code. */
export function reachStack(name: string, region: string | undefined): Promise<Reach> {
  // Without this, the SDK warns on stderr about the Node version that its later releases need.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return awsReach({ name, ...(region === undefined ? {} : { region }) });
}
