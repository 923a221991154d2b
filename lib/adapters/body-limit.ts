/** Our own limit of a body, below the 262,144 bytes of older consumers and emulators. Bodies are ASCII, so their length is their size. */
export const BODY_BYTES_MAX = 204_800;

/** Why this body cannot be sent, or undefined where it can. */
export const tooLong = (what: string, body: string): string | undefined =>
  body.length > BODY_BYTES_MAX ? `The ${what} has ${body.length} bytes: at most ${BODY_BYTES_MAX} are allowed.` : undefined;
