import type { System } from '../../../lib/contract/system.ts';

/** What is known of the way to the end, beside what production keeps of it. Where nobody watched, only the builds are. */
export interface Told {
  readonly builds: readonly System<string>[];
  /** Its table was restored to an earlier instant. */
  isDisturbed?(pid: string): boolean;
  wasStuck?(pid: string): boolean;
  wasSent?(commandId: string): boolean;
  wasPublished?(eventId: string): boolean;
  runsOf?(pid: string): readonly string[];
}
