/** A secret with which the engine authenticates the replies to its commands. */
export interface ReplyKey {
  /** 8 characters of base64url, by which a token names its key. */
  readonly id: string;
  /** 32 random bytes as base64url. */
  readonly secret: string;
  /** It signs the commands that are sent from this time on, in milliseconds since the epoch. */
  readonly since: number;
}

/**
 * The keys of one deployment, the oldest first. A key is never changed or removed, because it verifies the replies to the commands of its
 * time.
 */
export interface ReplyKeys {
  /** Strongly consistent. */
  keys(): Promise<readonly ReplyKey[]>;
  /** Adds a key if `last` is the id of the newest (undefined: there is none). Else it writes nothing and returns false. Atomic. */
  add(key: ReplyKey, last: string | undefined): Promise<boolean>;
}
