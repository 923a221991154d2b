import type { System } from '../../../lib/contract/system.ts';

/** Facts about a run of the system that production does not keep. Without an observer, only the builds are known. */
export interface Told {
  readonly builds: readonly System<string>[];
  /** Its table was restored to an earlier instant. */
  isDisturbed?(pid: string): boolean;
  /** It was stuck for a time, or a fault may have lasted longer than a time limit of the process. */
  mayHaveLostPatience?(pid: string): boolean;
  /** It has ended at some time, even if before its first run. */
  wasClosed?(pid: string): boolean;
  /** A service has answered one of its commands with invalid data. */
  wasContradicted?(pid: string): boolean;
  /** A pause has refused one of its starts. */
  wasRefused?(pid: string): boolean;
  /** It has been retired at least once. */
  wasRetired?(pid: string): boolean;
  wasSent?(commandId: string): boolean;
  wasPublished?(eventId: string): boolean;
  runsOf?(pid: string): readonly string[];
}
