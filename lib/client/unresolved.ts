import type { LastError } from '../contract/wire/last-error.ts';
import { commandIdOf, type Image, type Unknown } from '../core/image.ts';

/** A command whose outcome is unknown. */
export interface Unresolved {
  /** The argument of `resolve`: the path of its step, or the command id if an older build recorded no path. */
  readonly step: string;
  readonly command: string;
  readonly commandId: string;
  /** Instant since which the outcome is unknown. */
  readonly since: Date;
  readonly attempts: number;
  readonly lastError?: LastError;
}

/** Open commands first, then the commands that the process continued without. */
export function unresolvedOf(image: Image): readonly Unresolved[] {
  const found: Unresolved[] = [];
  for (const open of image.commands.values())
    if (open.unknown && open.mode !== 'undo') found.push(entryOf(commandIdOf(image, open), open.path, open.command, open.unknown));
  for (const { run, n, path, command, unresolved } of image.tombstones)
    if (unresolved) found.push(entryOf(`${image.pid}/${run}/${n}`, path, command, unresolved));
  return found;
}

function entryOf(commandId: string, path: string | undefined, command: string, { since, attempts, lastError }: Unknown): Unresolved {
  return { step: path ?? commandId, command, commandId, since: new Date(since), attempts, ...(lastError && { lastError }) };
}
