import { withoutValues } from '../contract/schema.ts';
import { thrownText } from '../contract/wire/thrown-text.ts';
import { ProcessBug, type ProcessBugCode } from '../contract/errors.ts';
import type { ProcessRun } from './run.ts';

/** Marks the event as one that cannot be applied and leaves the code that did it; catching what it throws changes nothing. */
export const refuse = (run: ProcessRun, code: ProcessBugCode | 'SIZE', message: string, cause?: unknown): never => {
  throw mark(run, code, message, cause);
};

/** Marks the event as one that cannot be applied. */
export const mark = (run: ProcessRun, code: ProcessBugCode | 'SIZE', message: string, cause?: unknown): ProcessBug => {
  const bug = new ProcessBug(code === 'SIZE' ? 'POISON' : code, message, cause === undefined ? {} : { cause });
  run.bug ??= { code, message: placed(run, message, undefined) };
  return bug;
};

/** With the place of the code of the process, before the full stop of the message. Without an error it is the code that runs now. */
const placed = (run: ProcessRun, message: string, error: Error | undefined): string => {
  const place = run.environment.placeOf?.(error) ?? '';
  if (place === '') return message;
  return message.endsWith('.') ? `${message.slice(0, -1)} ${place}.` : `${message} ${place}`;
};

/** Marks the event by what the user's code threw, where nothing is left to stop. */
export const poison = (run: ProcessRun, error: unknown): void => {
  if (run.bug) return;
  run.bug = {
    code: 'POISON',
    message:
      error instanceof Error
        ? `${placed(run, `${error.name}: ${withoutValues(error)}`, error)}${hintOn(error)}`
        : `The process threw ${thrownText(error)}, which is no error.`,
  };
};

/** A plain error is often meant as the failure of the process, which it is not: it undoes nothing. */
const hintOn = (error: Error): string =>
  error.name === 'Error' ? '; to fail the process and undo what it did, throw ctx.errors.Name(…), declared in its errors' : '';
