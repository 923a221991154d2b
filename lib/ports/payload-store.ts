/** The writer name of the engine. No service may have this name. */
export const ORCHESTRATOR_WRITER = 'orchestrator';
/** The writer name of clients. No service may have this name. */
export const CLIENT_WRITER = '_clients';

/** The writer of a value, and its folder. */
export interface Author {
  /** `orchestrator`, `_clients`, or the name of a service. */
  readonly writer: string;
  /** The instance of the value; of a client, the type of the event or the name of the process. @default any folder of this writer */
  readonly folder?: string;
}

/**
 * Values that are too large for the head or for a message. Their names are hashes of their content, so a writer that loses a conflict cannot
 * replace a value of the winner. Each value belongs to one instance.
 */
export interface PayloadStore {
  /** Stores `json` under `hash` (64 hex digits of SHA-256) among the values of the instance `pid`. It is idempotent. */
  put(pid: string, hash: string, json: string): Promise<void>;
  /** The value, or undefined if there is none. Strongly consistent after `put`. */
  get(pid: string, hash: string): Promise<string | undefined>;
  /**
   * The `dataref` of a value of more than `CARRIED_CHARACTERS_MAX` characters in a message: on AWS
   * `s3://<bucket>/<writer>/<pid, URI-encoded>/<hash>`, embedded `payload:<hash>`. Reads and writes nothing.
   */
  reference(pid: string, hash: string): string;
  /**
   * Whether a message's `dataref` names a value of this author. The reader of a message may read more than its sender, so without this check
   * a sender could make it read the values of others. An embedded store has one writer and returns true. Reads nothing.
   */
  isOf(reference: string, author: Author): boolean;
  /** The value of a message's `dataref`; undefined if the reference is not of this store, or the value does not exist. */
  fetch(reference: string): Promise<string | undefined>;
}
