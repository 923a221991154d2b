/**
 * How SDK clients are set (design: protocol 1.12): four tries of the standard retry mode, half a second to connect, two to
 * be answered; `waitSeconds` is added for whoever waits at a queue. Connections are kept by the SDK's own default.
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

/** A value of 20 MB takes longer than any other request, over a slow line to S3. */
const LARGE_VALUE_SECONDS = 30;

/** How a client of S3 is set. */
export const largeValueSettings = (): ReturnType<typeof clientSettings> => clientSettings(LARGE_VALUE_SECONDS);
