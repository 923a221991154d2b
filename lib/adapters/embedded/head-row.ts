import type { Head, HeadStatus } from '../../ports/process-store.ts';
import type { Codec, FieldReader, FieldWriter } from './log/field-text.ts';

/** Bits of the optional fields at the end of a row. */
const EARLY = 1;
const HOT = 2;
const UNRESOLVED = 4;
const PAUSED = 8;

/** A head as a change: the control state, the new journal entries, and the number of old entries that remain. */
export const headCodec: Codec<Head> = {
  encode(writer, head, previous) {
    writer.string(head.pid, previous?.pid);
    writer.number(head.version);
    writer.string(head.writer, previous?.writer);
    writer.string(head.run, previous?.run);
    writer.string(head.status, previous?.status);
    writer.string(head.definition, previous?.definition);
    writer.number(head.clock);
    writer.string(head.control, previous?.control);
    writer.number(head.tailFrom);
    encodeList(writer, head.tail, previous?.tail ?? [], head.tailFrom - (previous?.tailFrom ?? 0));
    writer.optionalNumber(head.due);
    writer.number(head.startedAt);
    writer.optionalNumber(head.closedAt);
    writer.string(head.why, previous?.why);
    writer.string(tagsText(head), previous === undefined ? undefined : tagsText(previous));
    writer.number(
      (head.early === undefined ? 0 : EARLY) +
        (head.hotUntil === undefined ? 0 : HOT) +
        (head.unresolved === undefined ? 0 : UNRESOLVED) +
        (head.paused === undefined ? 0 : PAUSED),
    );
    if (head.early !== undefined) encodeList(writer, head.early, previous?.early ?? [], 0);
    if (head.hotUntil !== undefined) writer.number(head.hotUntil);
    if (head.unresolved !== undefined) writer.number(head.unresolved);
    if (head.paused !== undefined) writer.string(head.paused, previous?.paused);
  },

  decode(reader, previous) {
    const pid = reader.string(previous?.pid) ?? '';
    const version = reader.number();
    const writer = reader.string(previous?.writer) ?? '';
    const run = reader.string(previous?.run) ?? '';
    const status = (reader.string(previous?.status) ?? 'running') as HeadStatus;
    const definition = reader.string(previous?.definition) ?? '';
    const clock = reader.number();
    const control = reader.string(previous?.control) ?? '';
    const tailFrom = reader.number();
    const tail = decodeList(reader, previous?.tail ?? [], tailFrom - (previous?.tailFrom ?? 0));
    const due = reader.optionalNumber();
    const startedAt = reader.number();
    const closedAt = reader.optionalNumber();
    const why = reader.string(previous?.why);
    const tags = reader.string(previous === undefined ? undefined : tagsText(previous));
    const rare = reader.number();
    const early = (rare & EARLY) === 0 ? undefined : decodeList(reader, previous?.early ?? [], 0);
    const hotUntil = (rare & HOT) === 0 ? undefined : reader.number();
    const unresolved = (rare & UNRESOLVED) === 0 ? undefined : reader.number();
    const paused = (rare & PAUSED) === 0 ? undefined : reader.string(previous?.paused);
    return {
      pid,
      version,
      writer,
      run,
      status,
      definition,
      clock,
      control,
      tail,
      tailFrom,
      startedAt,
      ...(due === undefined ? {} : { due }),
      ...(closedAt === undefined ? {} : { closedAt }),
      ...(hotUntil === undefined ? {} : { hotUntil }),
      ...(unresolved === undefined ? {} : { unresolved }),
      ...(why === undefined ? {} : { why }),
      ...(paused === undefined ? {} : { paused }),
      ...(tags === undefined ? {} : { tags: JSON.parse(tags) as Readonly<Record<string, string>> }),
      ...(early === undefined ? {} : { early }),
    };
  },
};

function tagsText(head: Head): string | undefined {
  return head.tags === undefined ? undefined : JSON.stringify(head.tags);
}

/** `offset` is the index of the first entry of `list` in `previous`. Writes the number of entries that remain from there, then the others. */
function encodeList(writer: FieldWriter, list: readonly string[], previous: readonly string[], offset: number): void {
  let kept = 0;
  if (offset >= 0) while (kept < list.length && list[kept] === previous[offset + kept]) kept += 1;
  writer.number(kept);
  writer.number(list.length - kept);
  for (let at = kept; at < list.length; at += 1) writer.string(list[at]);
}

function decodeList(reader: FieldReader, previous: readonly string[], offset: number): string[] {
  const kept = reader.number();
  const list = kept === 0 ? [] : previous.slice(offset, offset + kept);
  for (let left = reader.number(); left > 0; left -= 1) list.push(reader.string() ?? '');
  return list;
}
