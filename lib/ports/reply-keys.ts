/** A secret by which the engine knows the answers to its own commands. */
export interface ReplyKey {
  /** 8 characters of base64url; a token names its key by it. */
  readonly id: string;
  /** 32 random bytes as base64url. */
  readonly secret: string;
  /** Commands that are sent from here on are signed with it, in milliseconds since the epoch. */
  readonly since: number;
}

/** The keys of one deployment, the oldest first. A key is never changed or removed: it stays good for the commands of its time. */
export interface ReplyKeys {
  /** Strongly consistent. */
  keys(): Promise<readonly ReplyKey[]>;
  /** Adds a key behind `last`, the id of the newest (undefined: there is none). False where another was added meanwhile, and nothing is. Atomic. */
  add(key: ReplyKey, last: string | undefined): Promise<boolean>;
}
