export interface ClosedInstance {
  readonly pid: string;
  readonly version: number;
}

/** Removes instances that closed long ago. A retired instance is deleted some time after its expiry, and cannot be restored. */
export interface RetirementStore {
  /**
   * Instances of a tenant that closed at or before `instant` and are not retired, at most `limit`. The list may lag behind, so `retire`
   * checks.
   */
  closed(tenant: string, instant: number, limit: number): Promise<readonly ClosedInstance[]>;
  /**
   * Sets the expiry of every item of a closed instance, in milliseconds since the epoch, the head last, and removes it from the list.
   * Returns whether this call retired it. It returns false, and leaves the head unchanged, if the instance is not closed, not at this
   * version, or already retired. The next call completes one that failed half-way.
   */
  retire(pid: string, version: number, expiresAt: number): Promise<boolean>;
}
