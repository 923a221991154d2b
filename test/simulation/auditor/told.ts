import type { System } from '../../../lib/contract/system.ts';

/** What is known of the way to the end, beside what production keeps of it. Where nobody watched, only the builds are. */
export interface Told {
  readonly builds: readonly System<string>[];
  /** Its table was restored to an earlier instant. */
  isDisturbed?(pid: string): boolean;
  /** It was stuck for a time, or what befell the system may have outlasted the patience of whoever waited. */
  mayHaveLostPatience?(pid: string): boolean;
  /** It has ended at some time, also before a run of it had begun. */
  wasClosed?(pid: string): boolean;
  /** A service has answered one of its commands with invalid data. */
  wasContradicted?(pid: string): boolean;
  /** It closed, and is gone, or was once. */
  wasRetired?(pid: string): boolean;
  wasSent?(commandId: string): boolean;
  wasPublished?(eventId: string): boolean;
  runsOf?(pid: string): readonly string[];
}
