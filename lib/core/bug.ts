import { ProcessBug, type ProcessBugCode } from '../contract/errors.ts';
import type { Run } from './run.ts';

/** Marks the event as one that cannot be applied and leaves the code that did it; catching what it throws changes nothing. */
export const refuse = (run: Run, code: ProcessBugCode | 'SIZE', message: string, cause?: unknown): never => {
  run.bug ??= { code, message };
  throw new ProcessBug(code === 'SIZE' ? 'POISON' : code, message, cause === undefined ? {} : { cause });
};
