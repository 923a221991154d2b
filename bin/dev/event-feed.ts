import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Json } from '../../lib/contract/schema.ts';
import type { Reach } from '../../lib/client/connection.ts';
import { publishEvent } from '../../lib/client/publish.ts';
import { within } from '../../lib/client/tenant.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { usageError } from '../exit-code.ts';

/** The maximum number of events that are being published at a time. */
const IN_FLIGHT_MAX = 256;

export interface Fed {
  readonly published: number;
  readonly refused: number;
}

interface FedEvent {
  readonly type: string;
  readonly data: Json;
  readonly id?: string;
  readonly tenant?: string;
}

/**
 * Publishes the events of a JSON Lines file, or of stdin (`-`), in order. A line that is not an event is reported and skipped.
 * The id of an event defaults to its file and line, so publishing a file again publishes only duplicates.
 */
export async function feedEvents(reach: Reach, source: string, complain: (text: string) => void, signal: AbortSignal): Promise<Fed> {
  if (source !== '-' && !existsSync(source))
    throw usageError(`The events file ${source} does not exist.`, 'Name a JSON Lines file, or - for stdin.');
  const lines = createInterface({ input: source === '-' ? process.stdin : createReadStream(source), signal });
  const inFlight = new Set<Promise<void>>();
  let [line, published, refused] = [0, 0, 0];
  const refuse = (at: number, fault: string): void => {
    refused += 1;
    complain(`${source === '-' ? 'stdin' : source} line ${at}: ${fault} The line is skipped.`);
  };
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const at = line;
    const publishing = publishLine(reach, text, source === '-' ? undefined : lineId(source, at)).then(
      () => void (published += 1),
      (error: unknown) => refuse(at, isOrchestratorError(error) ? error.message : String(error)),
    );
    inFlight.add(publishing);
    void publishing.then(() => inFlight.delete(publishing));
    if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  return { published, refused };
}

/** Lines of an events file that the console offers as examples. */
const EXAMPLES_MAX = 100;

/** The data of the first events of a file, by type: the console offers them as forms of further events. Of stdin: none. */
export async function exampleEvents(source: string | undefined): Promise<ReadonlyMap<string, readonly Json[]>> {
  const examples = new Map<string, Json[]>();
  if (source === undefined || source === '-' || !existsSync(source)) return examples;
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(source) })) {
    if (line === EXAMPLES_MAX) break;
    line += 1;
    try {
      const { type, data } = parseLine(text);
      examples.set(type, [...(examples.get(type) ?? []), data]);
    } catch {
      // The feed reports the line.
    }
  }
  return examples;
}

async function publishLine(reach: Reach, text: string, id: string | undefined): Promise<void> {
  const event = parseLine(text);
  const contract = reach.system.events.get(event.type);
  if (contract === undefined) {
    throw usageError(
      `${event.type} is not an event of ${reach.system.name}: expected one of ${[...reach.system.events.keys()].join(', ')}.`,
      'Correct the type.',
    );
  }
  const chosen = event.id ?? id;
  await publishEvent(within(reach, event.tenant), contract, event.data, chosen === undefined ? {} : { id: chosen });
}

function parseLine(text: string): FedEvent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageError(`The line is not JSON: ${(error as Error).message}.`, 'Write one JSON object per line.');
  }
  const { type, data, id, tenant } = (typeof value === 'object' && value !== null ? value : {}) as Partial<FedEvent>;
  if (
    typeof type !== 'string' ||
    data === undefined ||
    (id !== undefined && typeof id !== 'string') ||
    (tenant !== undefined && typeof tenant !== 'string')
  ) {
    throw usageError(
      'The line is not an event: expected {"type":"…","data":…}, and optionally an "id" and a "tenant".',
      'Write one event per line.',
    );
  }
  return { type, data, ...(id === undefined ? {} : { id }), ...(tenant === undefined ? {} : { tenant }) };
}

/** The id contains a hash of the full path, because files in different folders may share a name. */
function lineId(source: string, line: number): string {
  const file = resolve(source);
  const folder = createHash('sha256').update(file).digest('hex').slice(0, 8);
  return `${basename(file)
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 200)}-${folder}:${line}`;
}
