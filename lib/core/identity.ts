/** SHA-256 of a text, in hex: `environment.hash`. */
export type Hash = (text: string) => string;

/** What one event is to one instance. */
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
 * base64url. A run has the identity of its start as its name, and the rings remember events by it. The senders choose the ids, so a hash
 * for which they can compute a collision would give two orders one run, and the second the answers of the first.
 *
 * Neither a pid nor a type has a space in it, so two different triples are never one text.
 */
export const identityOf = (hash: Hash, { pid, event, id }: EventIdentity): string => base64url(hash(`${pid} ${event} ${id}`));

/** The identity of an operator's act. No event has a type with `#` in it. */
export const actIdentity = (hash: Hash, pid: string, id: string): string => identityOf(hash, { pid, event: '#operate', id });

/** Three hex digits are two characters; what is left, eight bits, are two more. */
const base64url = (hex: string): string => {
  let text = '';
  for (let at = 0; at < HEX_DIGITS; at += 3) {
    const digits = hex.slice(at, Math.min(at + 3, HEX_DIGITS)).padEnd(3, '0');
    const bits = Number.parseInt(digits, 16);
    text += ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63);
  }
  return text;
};
