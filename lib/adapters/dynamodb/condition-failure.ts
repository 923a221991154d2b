import type { HeadItem } from './head-item.ts';

/** The failure of a conditional write. */
export interface ConditionFailure {
  /** The current item, if the request asked for it and it exists. */
  readonly Item?: HeadItem | undefined;
}

/** Returns a failure of a condition and rethrows any other error. Compares the name, because another copy of the SDK throws another class. */
export function conditionFailure(error: unknown): ConditionFailure {
  if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return error as ConditionFailure;
  throw error;
}
