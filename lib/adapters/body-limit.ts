/** Our own limit of a body, below the 262,144 bytes of older consumers and emulators. Bodies are ASCII, so their length is their size. */
export const BODY_BYTES_MAX = 204_800;

/** SQS takes no longer body (Amazon SQS message quotas: 1 MiB); one of a smaller limit refuses it by itself. */
export const SQS_BODY_BYTES_MAX = 1_048_576;

/** Why this body cannot be sent, or undefined where it can. */
export const tooLong = (what: string, body: string, most = BODY_BYTES_MAX): string | undefined =>
  body.length > most ? `The ${what} has ${body.length} bytes: at most ${most} are allowed.` : undefined;
