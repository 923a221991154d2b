import type { HeadItem } from './head-item.ts';

/** What a conditional write found instead of what it expected. */
export interface ConditionFailure {
  /** The whole item as it stands, where the request asked for it and there is one. */
  readonly Item?: HeadItem | undefined;
}

/** The failure of a condition, told by its name, since a client of another copy of the SDK throws another class; any other error is thrown on. */
export function conditionFailure(error: unknown): ConditionFailure {
  if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return error as ConditionFailure;
  throw error;
}
