import { PROCESS_BUG_REMEDIES } from '../contract/errors.ts';

const REMEDIES: Readonly<Record<string, string>> = {
  ...PROCESS_BUG_REMEDIES,
  COMPENSATION: 'Mend what the undo needs, then resume the instance; or undo it by hand and resume with --skip and the path of its step.',
  UNKNOWN_OUTCOME: 'Find out whether it happened; mend the service, then resume the instance, which asks again under the same id.',
  REPLY_INVALID: 'Correct the service or its contract, then resume the instance.',
  DISPATCH: 'Mend the queue that refused the command, then resume the instance.',
  SIZE: 'Make its state, or what it has open at a time, smaller, then resume the instance.',
  FORK: 'Look at the backup or failover that brought back an older state before anything is resumed.',
};

/** What a person does about a stuck instance: one imperative sentence. */
export function stuckRemedy(code: string): string {
  return REMEDIES[code] ?? 'Read its journal with tutti show, mend what is named there, then resume the instance.';
}
