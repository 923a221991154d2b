/**
 * Settings of SDK clients: four attempts of the standard retry mode, a time-out of half a second to connect and of two to get a response.
 * `waitSeconds` is added for a consumer that polls a queue. A request that carries a value to S3 has a time-out of its own
 * (lib/adapters/s3/payload-store.ts). Connections are kept alive by the SDK's default.
 */
export function clientSettings(waitSeconds = 0): {
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number; readonly throwOnRequestTimeout: true };
} {
  return {
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 500, requestTimeout: 2_000 + waitSeconds * 1_000, throwOnRequestTimeout: true },
  };
}
