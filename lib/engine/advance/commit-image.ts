import { CONTROL_BYTES_MAX, isClosed, type Image, type StuckReason } from '../../core/image.ts';
import type { ProcessRun } from '../../core/run.ts';
import type { CommitCondition, Head } from '../../ports/process-store.ts';
import type { EngineContext } from '../engine-context.ts';
import { encodeControl, encodeHead } from '../../format/head-codec.ts';
import type { LiveInstance } from './live-instance.ts';

/** The members of a committed head on which the next commit rests. */
export type BaseHead = Pick<Head, 'version' | 'run' | 'status' | 'tail' | 'tailFrom' | 'unresolved' | 'early'>;

export type Commit =
  | { readonly status: 'committed'; readonly head: Head }
  | { readonly status: 'conflict'; readonly current: Head | undefined }
  | { readonly status: 'too-large'; readonly reason: StuckReason };

/**
 * A tail of more characters than this is spilled: deflated, it just fits into 1 KB beside the control state. The rule counts uncompressed
 * characters, so that no decision depends on a build of zlib.
 */
const TAIL_CHARACTERS_MAX = 2_400;

/** Writes large values and spilled entries, then the head in one conditional write (docs/protocol.md#write-ahead). */
export async function commitImage(context: EngineContext, live: LiveInstance, base: BaseHead | undefined): Promise<Commit> {
  const { store, payloads } = context.options;
  const { run } = live;
  const { image } = run;
  image.waits = openWaits(run);
  const control = encodeControl(image);
  if (control.length > CONTROL_BYTES_MAX && !isClosed(image.status))
    return { status: 'too-large', reason: sizeReason(image, control.length) };
  if (run.payloads.size > 0) {
    await Promise.all(Array.from(run.payloads, ([hash, json]) => payloads.put(image.pid, hash, json)));
    run.payloads.clear();
  }
  await spillTail(context, live, base);
  image.version = (base?.version ?? 0) + 1;
  const writer = context.nextWriter();
  image.writer = writer;
  const head = encodeHead(image, writer, control);
  const result = await store.commit(head, expectation(base));
  if (result.status === 'conflict' && result.current?.writer !== writer) return { status: 'conflict', current: result.current };
  live.committedTail = image.tail.length;
  live.pendingSent = false;
  return { status: 'committed', head };
}

/** Waits that a head lists; a process with more of them waits for all at once. */
const WAITS_MAX = 20;

/** The paths of open waits without a time-out: a wait with one is listed by its timer. */
function openWaits({ waits, ended }: ProcessRun): readonly string[] | undefined {
  const paths = ended ? [] : waits.filter(({ timer }) => timer === undefined).map(({ path }) => path);
  return paths.length === 0 ? undefined : paths.slice(0, WAITS_MAX);
}

export function expectation(base: Pick<Head, 'version' | 'run' | 'status'> | undefined): CommitCondition {
  if (!base) return { kind: 'absent' };
  if (base.status === 'early') return { kind: 'early', version: base.version };
  if (base.status === 'stuck') return { kind: 'stuck', version: base.version };
  return { kind: 'at', version: base.version, run: base.run };
}

function sizeReason(image: Image, bytes: number): StuckReason {
  return {
    code: 'SIZE',
    message: `The control state of ${image.pid} has ${bytes} bytes: at most ${CONTROL_BYTES_MAX} are allowed.`,
  };
}

/** Moves only committed entries out of the head: chunks of two writers may then overlap, but never disagree. */
async function spillTail(context: EngineContext, live: LiveInstance, base: BaseHead | undefined): Promise<void> {
  const { image } = live.run;
  if (base && base.run !== image.run && base.tail.length > 0)
    await context.options.store.spill({ pid: image.pid, run: base.run, from: base.tailFrom, entries: base.tail });
  if (live.committedTail === 0) return;
  let characters = 0;
  for (const entry of image.tail) characters += entry.length;
  if (characters <= TAIL_CHARACTERS_MAX) return;
  await context.options.store.spill({
    pid: image.pid,
    run: image.run,
    from: image.tailFrom,
    entries: image.tail.slice(0, live.committedTail),
  });
  image.tailFrom += live.committedTail;
  image.tail = image.tail.slice(live.committedTail);
}
