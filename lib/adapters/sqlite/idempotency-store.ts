import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { MemoryIdempotencyStore } from '../memory/idempotency-store.ts';
import type { Codec } from './field-text.ts';
import type { OrderedLog } from './log.ts';
import { LoggedTable } from './logged-table.ts';

/** Records kept in memory, for redeliveries that come soon. */
const RECORDS_KEPT = 20_000;

/** Records in a logged table, with the semantics of the memory adapter. */
export class SqliteIdempotencyStore extends MemoryIdempotencyStore {}

/**
 * A lease that ends before `leasesFrom` was given by a process that held the folder before: it died with that process, so
 * the command may be taken over at once.
 */
export function recordTable(log: OrderedLog, leasesFrom = 0): LoggedTable<string, CommandRecord> {
  return new LoggedTable(log, { name: 'records', key: 'text', codec: recordCodec(leasesFrom), keep: RECORDS_KEPT });
}

/** A command's text is shared with its message, and the reply's with its event. */
const recordCodec = (leasesFrom: number): Codec<CommandRecord> => ({
  encode(writer, record, previous) {
    writer.string(record.state);
    writer.string(record.hash, previous?.hash);
    writer.string(record.token, previous?.token);
    writer.optionalNumber(record.leaseUntil);
    writer.number(record.once === true ? 1 : 0);
    writer.shared(record.reply, previous?.reply);
    writer.shared(record.early, previous?.early);
    writer.shared(record.command, previous?.command);
    writer.optionalNumber(record.beatAt);
    writer.number(record.revision);
  },
  decode(reader, previous) {
    const state = reader.string() as CommandRecord['state'];
    const hash = reader.string(previous?.hash) ?? '';
    const token = reader.string(previous?.token);
    const until = reader.optionalNumber();
    const leaseUntil = until !== undefined && until < leasesFrom ? undefined : until;
    const once = reader.number() === 1;
    const reply = reader.shared(previous?.reply);
    const early = reader.shared(previous?.early);
    const command = reader.shared(previous?.command);
    const beatAt = reader.optionalNumber();
    const revision = reader.number();
    return {
      state,
      hash,
      revision,
      ...(token === undefined ? {} : { token }),
      ...(leaseUntil === undefined ? {} : { leaseUntil }),
      ...(once ? { once } : {}),
      ...(reply === undefined ? {} : { reply }),
      ...(early === undefined ? {} : { early }),
      ...(command === undefined ? {} : { command }),
      ...(beatAt === undefined ? {} : { beatAt }),
    };
  },
});
