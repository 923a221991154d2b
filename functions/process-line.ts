import type { ObservedLine } from '../lib/contract/instrumentation.ts';
import { levelOf, logMembers } from '../lib/contract/log-line.ts';

/** Writes a line of `ctx.log` as one object, which Lambda formats as JSON with the level of the console method. */
export function logProcessLine(line: ObservedLine): void {
  console[levelOf(line)](logMembers(line));
}
