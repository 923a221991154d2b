import { PROCESS_BUG_REMEDIES } from '../../contract/errors.ts';

/** The remedy of each stuck reason, and by its keys the list of these codes. */
export const STUCK_REMEDIES: Readonly<Record<string, string>> = {
  ...PROCESS_BUG_REMEDIES,
  COMPENSATION:
    'Correct what the undo needs, then resume the instance; or undo it by hand and resume with --skip and the path of its step.',
  UNKNOWN_OUTCOME:
    'Find out whether it happened and record it with tutti resolve; or correct the service, then resume the instance, which asks again under the same id.',
  REPLY_INVALID: 'Correct the service or its contract, then resume the instance.',
  DISPATCH: 'Mend the queue that refused the command, then resume the instance.',
  SIZE: 'Make its state, or what it has open at a time, smaller, then resume the instance; cancel one whose journal is full.',
  PAYLOAD_MISSING: 'Put the data back under its hash, for instance from a backup, then resume the instance.',
  STATE_FORMAT: 'Deploy the build of Tutti that wrote it, or one that reads its format, then resume the instance.',
  UNKNOWN_VERSION: 'List that version of the process in the system, or resume with --version and one that it lists.',
  FORK: 'Look at the backup or failover that brought back an older state before anything is resumed.',
};

/** What a person does about a stuck instance: one imperative sentence. */
export function stuckRemedy(code: string): string {
  return STUCK_REMEDIES[code] ?? 'Read its journal with tutti show, mend what is named there, then resume the instance.';
}
