/**
 * How SDK clients are set: four tries of the standard retry mode, half a second to connect, two to
 * be answered; `waitSeconds` is added for a consumer that waits at a queue, and a request that carries a value to S3 has a time of its own
 * (lib/adapters/s3/payload-store.ts). Connections are kept by the SDK's own default.
 */
export const clientSettings = (
  waitSeconds = 0,
): {
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number; readonly throwOnRequestTimeout: true };
} => ({
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 500, requestTimeout: 2_000 + waitSeconds * 1_000, throwOnRequestTimeout: true },
});
