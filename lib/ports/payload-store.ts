/** Values too large for the head, named by their content, so that a losing writer's value can never stand in for the winner's. */
export interface PayloadStore {
  /** Stores `json` under `hash` (64 hex digits of SHA-256). Putting it again is success. */
  put(hash: string, json: string): Promise<void>;
  /** The value, or undefined where there is none. Strongly consistent after `put`. */
  get(hash: string): Promise<string | undefined>;
}
