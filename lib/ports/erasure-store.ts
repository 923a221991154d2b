/** Removes what is stored of an erased instance. Its head stays (lib/core/erasing.ts). */
export interface ErasureStore {
  /**
   * Removes the journal chunks and values of the instance, on each place where this deployment stores them, and the events that were parked
   * beside it at `instant` or before, in milliseconds since the epoch. Events that were parked later stay until they expire. Idempotent: a
   * repeated call completes one that failed half-way. The caller has committed the erased head, so nothing refers to what is removed. Returns
   * false if something stays because a queued message needs it: call again later.
   */
  erase(pid: string, instant: number, request?: ErasureRequest): Promise<boolean>;
}

export interface ErasureRequest {
  /**
   * A storage whose files hold deleted texts writes them again even if this call removes nothing, because an earlier call may have failed
   * half-way. @default it does so only if this call removes something
   */
  readonly rewrites?: boolean;
}
