/** Our own limit of a body, below the 262,144 bytes of older consumers and emulators. Bodies are ASCII, so their length is their size. */
export const BODY_BYTES_MAX = 204_800;

/** SQS accepts no longer body (Amazon SQS message quotas: 1 MiB). A queue with a smaller limit refuses it itself. */
export const SQS_BODY_BYTES_MAX = 1_048_576;

/** The reason why this body cannot be sent; undefined if it can. */
export const tooLong = (what: string, body: string, most = BODY_BYTES_MAX): string | undefined =>
  body.length > most ? `The ${what} has ${body.length} bytes: at most ${most} are allowed.` : undefined;
