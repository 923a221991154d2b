import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { MemoryIdempotencyStore } from '../memory/idempotency-store.ts';
import type { Codec } from './log/field-text.ts';
import type { OrderedLog } from './log/log.ts';
import { LoggedTable } from './log/logged-table.ts';

/** Records cached in memory for early redeliveries. */
const RECORDS_KEPT = 20_000;
/** A command and its reply have up to 200 KB each. */
const CHARACTERS_KEPT = 16_000_000;

/** Records in a logged table, with the semantics of the memory adapter. */
export class SqliteIdempotencyStore extends MemoryIdempotencyStore {}

/**
 * A lease that ends before `leasesFrom` comes from an earlier process of the folder. That process has ended, so
 * another worker may take over the command at once.
 */
export function recordTable(log: OrderedLog, leasesFrom = 0): LoggedTable<string, CommandRecord> {
  return new LoggedTable(log, {
    name: 'records',
    key: 'text',
    codec: recordCodec(leasesFrom),
    keep: RECORDS_KEPT,
    keepCharacters: { most: CHARACTERS_KEPT, of: charactersOf },
  });
}

function charactersOf({ command, early, reply }: CommandRecord): number {
  return (command?.length ?? 0) + (early?.length ?? 0) + (reply?.length ?? 0);
}

/** Flags of a record. A record without any of the last six has the format of older versions. */
const ONCE = 1;
const FAILURES = 2;
const MAYBE_DONE = 4;
const LAST_ERROR = 8;
const NEXT_RUN_AT = 16;
const NONCE = 32;
const SLOT_AT = 64;

function flagsOf(record: CommandRecord): number {
  return (
    (record.once === true ? ONCE : 0) +
    (record.failures === undefined ? 0 : FAILURES) +
    (record.maybeDone === true ? MAYBE_DONE : 0) +
    (record.lastError === undefined ? 0 : LAST_ERROR) +
    (record.nextRunAt === undefined ? 0 : NEXT_RUN_AT) +
    (record.nonce === undefined ? 0 : NONCE) +
    (record.slotAt === undefined ? 0 : SLOT_AT)
  );
}

/** The text of a command is shared with its message, and the text of a reply with its event. */
function recordCodec(leasesFrom: number): Codec<CommandRecord> {
  return {
    encode(writer, record, previous) {
      writer.string(record.state);
      writer.string(record.hash, previous?.hash);
      writer.string(record.token, previous?.token);
      writer.optionalNumber(record.leaseUntil);
      writer.number(flagsOf(record));
      writer.shared(record.reply, previous?.reply);
      writer.shared(record.early, previous?.early);
      writer.shared(record.command, previous?.command);
      writer.optionalNumber(record.beatAt);
      writer.number(record.revision);
      if (record.failures !== undefined) writer.number(record.failures);
      if (record.nextRunAt !== undefined) writer.number(record.nextRunAt);
      if (record.lastError !== undefined) {
        writer.string(record.lastError.code, previous?.lastError?.code);
        writer.string(record.lastError.message, previous?.lastError?.message);
      }
      if (record.nonce !== undefined) writer.string(record.nonce, previous?.nonce);
      if (record.slotAt !== undefined) writer.number(record.slotAt);
    },
    decode(reader, previous) {
      const state = reader.string() as CommandRecord['state'];
      const hash = reader.string(previous?.hash) ?? '';
      const token = reader.string(previous?.token);
      const until = reader.optionalNumber();
      const leaseUntil = until !== undefined && until < leasesFrom ? undefined : until;
      const flags = reader.number();
      const reply = reader.shared(previous?.reply);
      const early = reader.shared(previous?.early);
      const command = reader.shared(previous?.command);
      const beatAt = reader.optionalNumber();
      const revision = reader.number();
      const failures = (flags & FAILURES) === 0 ? undefined : reader.number();
      const nextRunAt = (flags & NEXT_RUN_AT) === 0 ? undefined : reader.number();
      const lastError =
        (flags & LAST_ERROR) === 0
          ? undefined
          : {
              code: reader.string(previous?.lastError?.code) ?? '',
              message: reader.string(previous?.lastError?.message) ?? '',
            };
      const nonce = (flags & NONCE) === 0 ? undefined : reader.string(previous?.nonce);
      const slotAt = (flags & SLOT_AT) === 0 ? undefined : reader.number();
      return {
        state,
        hash,
        revision,
        ...(token === undefined ? {} : { token }),
        ...(leaseUntil === undefined ? {} : { leaseUntil }),
        ...((flags & ONCE) === 0 ? {} : { once: true as const }),
        ...((flags & MAYBE_DONE) === 0 ? {} : { maybeDone: true as const }),
        ...(reply === undefined ? {} : { reply }),
        ...(early === undefined ? {} : { early }),
        ...(command === undefined ? {} : { command }),
        ...(beatAt === undefined ? {} : { beatAt }),
        ...(failures === undefined ? {} : { failures }),
        ...(nextRunAt === undefined ? {} : { nextRunAt }),
        ...(lastError === undefined ? {} : { lastError }),
        ...(nonce === undefined ? {} : { nonce }),
        ...(slotAt === undefined ? {} : { slotAt }),
      };
    },
  };
}
