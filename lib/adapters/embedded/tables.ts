import type { QueuedMessage } from '../memory/queued-message.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import type { ParkedEvent } from '../../ports/parking-store.ts';
import type { Head, JournalChunk } from '../../ports/process-store.ts';
import { closeDatabase, openDatabase, type OpenedDatabase } from './database.ts';
import { asDiskFull } from './log/disk-full.ts';
import { recordTable } from './idempotency-store.ts';
import { Inspection } from './inspection.ts';
import { type LogOptions, OrderedLog } from './log/log.ts';
import type { LoggedTable } from './log/logged-table.ts';
import { messageTable } from './message-queue.ts';
import { attemptTable, parkedTable } from './parking-store.ts';
import { payloadTable } from './payload-store.ts';
import { chunkTable, headTable } from './process-store.ts';
import type { Damage } from './state-corrupt.ts';

/** The tables of one system and the one log that orders the changes of all of them. */
export interface SqliteTables {
  readonly log: OrderedLog;
  readonly heads: LoggedTable<string, Head>;
  readonly chunks: LoggedTable<string, JournalChunk>;
  readonly payloads: LoggedTable<string, string>;
  readonly messages: LoggedTable<number, QueuedMessage>;
  readonly records: LoggedTable<string, CommandRecord>;
  readonly parked: LoggedTable<string, ParkedEvent>;
  readonly attempts: LoggedTable<string, number>;
}

export interface TableOptions extends LogOptions {
  /** The earliest end of a lease of this process. Earlier ones belong to workers that have ended. @default 0 */
  readonly leasesFrom?: number;
  /** Receives the damage of a copy that is repaired. Damaged data is dropped. @default damage refuses the open */
  readonly found?: Damage[];
}

/**
 * Opens the state of a folder, as of its last close or the crash of its process.
 *
 * Input: a folder. Output: the tables of the stores, whose changes one log orders. Trunk: database.ts locks and inspects the folder; log/log.ts
 * replays and writes the log; head-row.ts and log/row-format.ts map rows. The stores of this folder are those of memory on these tables.
 * @throws ClientError `UNREACHABLE` if another process holds the folder, `STATE_CORRUPT` if acknowledged data is damaged
 */
export function openTables(directory: string, options?: TableOptions): SqliteTables {
  const inspection = new Inspection(directory, options?.found);
  let opened: OpenedDatabase | undefined;
  let log: OrderedLog | undefined;
  try {
    opened = openDatabase(inspection);
    log = new OrderedLog(opened, inspection, options);
    return replayed(log, options);
  } catch (error) {
    if (log !== undefined) log.abandon();
    else if (opened !== undefined) closeDatabase(opened, false);
    throw asDiskFull(directory, error);
  }
}

function replayed(log: OrderedLog, options?: TableOptions): SqliteTables {
  // The order of these lines is part of the format, because the log identifies tables by their place.
  const tables: SqliteTables = {
    log,
    heads: headTable(log),
    chunks: chunkTable(log),
    payloads: payloadTable(log),
    messages: messageTable(log),
    records: recordTable(log, options?.leasesFrom),
    parked: parkedTable(log),
    attempts: attemptTable(log),
  };
  log.replay();
  return tables;
}
