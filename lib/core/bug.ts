import { withoutValues } from '../contract/schema.ts';
import { thrownText } from '../contract/wire/thrown-text.ts';
import { ProcessBug, type ProcessBugCode } from '../contract/errors.ts';
import type { ProcessRun } from './run.ts';

/** Marks the event as one that cannot be applied, and throws. User code that catches the error changes nothing: the mark stays. */
export function refuse(run: ProcessRun, code: ProcessBugCode | 'SIZE', message: string, cause?: unknown): never {
  throw mark(run, code, message, cause);
}

/** Marks the event as one that cannot be applied. */
export function mark(run: ProcessRun, code: ProcessBugCode | 'SIZE', message: string, cause?: unknown): ProcessBug {
  const bug = new ProcessBug(code === 'SIZE' ? 'POISON' : code, message, cause === undefined ? {} : { cause });
  run.bug ??= { code, message: placed(run, message, undefined) };
  return bug;
}

/**
 * Inserts the source location of the process before the full stop of the message. Without an error, it is the location of the running code.
 */
function placed(run: ProcessRun, message: string, error: Error | undefined): string {
  const place = run.environment.placeOf?.(error) ?? '';
  if (place === '') return message;
  return message.endsWith('.') ? `${message.slice(0, -1)} ${place}.` : `${message} ${place}`;
}

/** Marks the event with an error that user code has thrown. It throws nothing, because no code is left to stop. */
export function poison(run: ProcessRun, error: unknown): void {
  if (run.bug) return;
  run.bug = {
    code: 'POISON',
    message:
      error instanceof Error
        ? `${placed(run, `${error.name}: ${withoutValues(error)}`, error)}${hintOn(error)}`
        : `The process threw ${thrownText(error)}, which is not an Error.`,
  };
}

/** Authors often throw a plain `Error` to fail the process. It is a bug instead, and undoes nothing. */
function hintOn(error: Error): string {
  return error.name === 'Error'
    ? '; to fail the process and undo what it did, throw ctx.fail(reason), or a failure that it declares in its errors'
    : '';
}
