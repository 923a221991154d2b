export interface ClosedInstance {
  readonly pid: string;
  readonly version: number;
}

/** Instances that closed long ago, on their way out. What is retired is gone some time after its expiry, and nothing restores it. */
export interface RetirementStore {
  /** Instances of a tenant that closed at or before `instant` and are not retired yet, at most `limit`. It may lag behind: `retire` decides. */
  closed(tenant: string, instant: number, limit: number): Promise<readonly ClosedInstance[]>;
  /**
   * Gives every item of a closed instance its expiry (milliseconds), the head last, and takes it out of the list. Returns whether
   * this call retired it: false, and the head untouched, where it is not closed, not at this version, or retired already. A call
   * that failed half-way is made whole by the next.
   */
  retire(pid: string, version: number, expiresAt: number): Promise<boolean>;
}
