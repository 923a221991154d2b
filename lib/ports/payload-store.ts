/**
 * Values too large for the head, or for a message. They are named by their content, so that a losing writer's value can never stand in
 * for the winner's, and lie among the values of the instance that they belong to.
 */
export interface PayloadStore {
  /** Stores `json` under `hash` (64 hex digits of SHA-256) among the values of the instance `pid`. Again is success. */
  put(pid: string, hash: string, json: string): Promise<void>;
  /** The value, or undefined where there is none. Strongly consistent after `put`. */
  get(pid: string, hash: string): Promise<string | undefined>;
  /**
   * How a message names a value of more than `CARRIED_CHARACTERS_MAX` characters on the wire (`dataref`): on AWS
   * `s3://<bucket>/<writer>/<pid, URI-encoded>/<hash>`, embedded `payload:<hash>`. Reads and writes nothing.
   */
  reference(pid: string, hash: string): string;
  /** The value that a message's `dataref` names; undefined where the reference is none of this store's, or nothing is there. */
  fetch(reference: string): Promise<string | undefined>;
}
