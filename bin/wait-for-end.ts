import type { Duration } from '../lib/contract/duration.ts';
import { isOrchestratorError } from '../lib/contract/errors.ts';
import type { Json } from '../lib/contract/schema.ts';
import type { JournalEntry } from '../lib/core/journal-entry.ts';
import type { Operations, Instance } from '../lib/client/operations/operations.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { ofTenant } from '../lib/client/instance.ts';
import { tenantOption } from '../lib/client/tenant.ts';
import { failureText } from '../lib/client/operations/failure-text.ts';
import type { Terminal } from './terminal.ts';

interface StartedRun extends Instance {
  readonly run: string;
  readonly started: boolean;
}

interface WaitOptions {
  readonly json: boolean;
  readonly timeout?: Duration;
}

/** Errors that report an instance without a result. Any other error is an error of the wait itself. */
const WITHOUT_RESULT: readonly string[] = ['PROCESS_FAILED', 'CANCELLED', 'CLOSED', 'TIMED_OUT'];

/**
 * Waits for the end of an instance and prints its result: exit 0. If the instance fails, is cancelled, is stuck or does not end in
 * time, prints the cause: exit 1.
 */
export async function waitForEnd(
  operations: Operations,
  terminal: Terminal,
  started: StartedRun,
  { json, timeout }: WaitOptions,
): Promise<ExitCode> {
  const { process, id, run, ...whose } = started;
  const result = await resultOrNone(operations, { process, id, orStuck: true, ...(timeout === undefined ? {} : { timeout }) });
  if (result !== undefined) {
    terminal.printJson(json ? { id, run, started: started.started, result } : result);
    return EXIT.done;
  }
  const { status, why, entries } = await operations.journal({ process, id, payloads: true, from: 0 });
  const failure = failureOf(entries as unknown as readonly JournalEntry[]);
  if (json) terminal.printJson({ id, run, started: started.started, status, why, ...(failure === undefined ? {} : { failure }) });
  const text = failure === undefined ? why : `failed: ${failureText(failure)}`;
  terminal.message(
    `${terminal.colors.red('error')} ${process} ${id}${ofTenant(whose)} ${status === 'running' ? 'has not ended in time: ' : ''}${text}`,
  );
  terminal.message(`Read its journal with: tutti show ${process} ${id}${tenantOption(whose)}`);
  return EXIT.bad;
}

async function resultOrNone(operations: Operations, request: Parameters<Operations['result']>[0]): Promise<Json | undefined> {
  try {
    const { result, stuck } = await operations.result(request);
    return stuck === true ? undefined : result;
  } catch (error) {
    if (isOrchestratorError(error) && WITHOUT_RESULT.includes(error.code)) return undefined;
    throw error;
  }
}

/** The failure of the last run. */
function failureOf(entries: readonly JournalEntry[]): Json | undefined {
  const failed = entries.findLast((entry) => entry.type === 'ProcessFailed');
  return failed?.data;
}
