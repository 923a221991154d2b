/** SHA-256 of a text, in hex: `environment.hash`. */
export type Hash = (text: string) => string;

/** The three names that identify an event at an instance. */
export interface EventIdentity {
  readonly pid: string;
  /** Type of the event. */
  readonly event: string;
  /** Id of the event. */
  readonly id: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** 128 bits. */
const HEX_DIGITS = 32;

/**
 * The identity of an event at an instance: 128 bits of SHA-256 over the instance, the type and the id of the event, as 22 characters of
 * base64url. The name of a run is the identity of its start, and the rings hold identities. Senders choose the ids: if they could compute
 * a collision of the hash, two starts would share one run, and the second would receive the replies of the first.
 *
 * A pid and a type contain no space, so two different triples never give the same text.
 */
export function identityOf(hash: Hash, { pid, event, id }: EventIdentity): string {
  return base64url(hash(`${pid} ${event} ${id}`));
}

/** The identity of an operation. The type of an event contains no `#`, so it equals no identity of an event. */
export function actIdentity(hash: Hash, pid: string, id: string): string {
  return identityOf(hash, { pid, event: '#operate', id });
}

/** Three hex digits give two characters; the remaining eight bits give two more. */
function base64url(hex: string): string {
  let text = '';
  for (let at = 0; at < HEX_DIGITS; at += 3) {
    const digits = hex.slice(at, Math.min(at + 3, HEX_DIGITS)).padEnd(3, '0');
    const bits = Number.parseInt(digits, 16);
    text += ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63);
  }
  return text;
}
