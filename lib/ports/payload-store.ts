/** Under which the engine puts values; it is the name of no service. */
export const ORCHESTRATOR_WRITER = 'orchestrator';
/** Under which clients put values; it is the name of no service. */
export const CLIENT_WRITER = '_clients';

/** Who puts a value, and where. */
export interface Author {
  /** `orchestrator`, `_clients`, or the name of a service. */
  readonly writer: string;
  /** The instance that the value belongs to; of a client, the type of the event or the name of the process. @default any of this writer's */
  readonly folder?: string;
}

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
  /**
   * Whether a message's `dataref` names a value of this author. The reader of a message may read more than its sender: without this a sender
   * would let it read the values of others. An embedded store has one writer, so there every reference is. Reads nothing.
   */
  isOf(reference: string, author: Author): boolean;
  /** The value that a message's `dataref` names; undefined where the reference is none of this store's, or nothing is there. */
  fetch(reference: string): Promise<string | undefined>;
}
