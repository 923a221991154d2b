import type { ObservedLine } from './instrumentation.ts';
import type { LogLevel } from './logged.ts';
import { buildPid } from './wire/process-id.ts';
import { visibleText } from './wire/visible-text.ts';

/** The level of a line; code without types may pass another text. */
export function levelOf({ level }: { readonly level: LogLevel }): LogLevel {
  return LEVELS.has(level) ? level : 'info';
}

const LEVELS: ReadonlySet<string> = new Set<LogLevel>(['debug', 'info', 'warn', 'error']);

/**
 * The members of a log line about a line of `ctx.log` or `task.log`. The text of the code is in `message` and `fields`, so it cannot look like
 * a member that the metrics of the constructs count.
 */
export function logMembers(line: ObservedLine): Readonly<Record<string, unknown>> {
  const { tenant, process, id, run, messageId, commandId, command, attempt, message, fields } = line;
  const pid = buildPid(tenant, process, id) ?? id;
  return { event: 'log', pid, run, messageId, commandId, command, attempt, trace: traceOf(line), message, fields };
}

/** The trace id of a W3C trace context. */
function traceOf({ traceparent }: ObservedLine): string | undefined {
  return traceparent?.split('-')[1];
}

/** One line of JSON, for programs whose output is their log. `of` has further members, such as the name of the service. */
export function logText(line: ObservedLine, of: Readonly<Record<string, unknown>> = {}): string {
  return visibleText(JSON.stringify({ timestamp: new Date(line.at).toISOString(), level: levelOf(line), ...of, ...logMembers(line) }));
}
