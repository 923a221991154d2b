import { PROCESS_BUG_REMEDIES } from '../../contract/errors.ts';

/** The remedy of each stuck reason. Its keys are the list of these codes. */
export const STUCK_REMEDIES: Readonly<Record<string, string>> = {
  ...PROCESS_BUG_REMEDIES,
  COMPENSATION:
    'Fix the undo or the compensation, then resume the instance; or undo the step by hand and resume with --skip and the path of the step.',
  UNKNOWN_OUTCOME:
    'Find out whether the command ran and record its outcome with tutti resolve; or fix the service, then resume the instance, which sends the command again with the same id.',
  KEY_TOO_WIDE: 'Let fewer instances wait for one key, for example by a narrower key, then resume the instance.',
  REPLY_INVALID: 'Fix the service or its contract, then resume the instance.',
  DISPATCH: 'Fix the queue that refused the command, then resume the instance.',
  SIZE: 'Reduce the state of the process, or the number of its open steps, then resume the instance; cancel an instance whose journal is full.',
  PAYLOAD_MISSING: 'Restore the data under its hash, for example from a backup, then resume the instance.',
  STATE_FORMAT: 'Deploy the build of Tutti that wrote the state, or a build that reads its format, then resume the instance.',
  UNKNOWN_VERSION: 'List that version of the process in the system, or resume with --version and a listed version.',
  FORK: 'Examine the backup or failover that restored an older state before you resume any instance.',
};

/** The remedy for a stuck instance, as one imperative sentence. */
export function stuckRemedy(code: string): string {
  return STUCK_REMEDIES[code] ?? 'Read its journal with tutti show, fix the cause, then resume the instance.';
}
