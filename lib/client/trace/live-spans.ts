import { commandIdOf, isClosed, type Image, type OpenCommand, type PendingSend } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import type { JournalPlace } from '../../format/read-journal.ts';
import { ClientError } from '../../contract/errors.ts';
import { parsePid } from '../../contract/wire/process-id.ts';
import { activationSpanId, isSampled, spanIn, traceparentOf, type RunName } from '../../format/span-ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Tracer } from '../../format/tracer.ts';
import { runSpans } from './run-spans.ts';
import { placedIn, publishSpan, sendSpan, type PlacedRun, type Span } from './span.ts';

export interface LiveSpansOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Rejects if it does not accept all of them. */
  readonly send: (spans: readonly Span[]) => Promise<void>;
  /** The journal of a run that has ended. */
  readonly journal: (place: JournalPlace) => Promise<readonly JournalEntry[]>;
  /** Called with the number of spans that are lost. `error`: of the export; undefined while exports pause after one that failed. */
  readonly onDropped: (count: number, error: unknown) => void;
  /** The share of runs, from 0 to 1, with live spans. @default 1 */
  readonly sample?: number | undefined;
  /** A run that took at least this long has its spans whether it is in the share or not, as one that failed. @default none */
  readonly slowMs?: number | undefined;
  /** How long a batch waits for an export, with the reads of journals. @default EXPORT_MS */
  readonly timeoutMs?: number;
}

/** A batch of the engine waits at most this long for an export, which begins with its sends. */
export const EXPORT_MS = 250;

/** A run that has ended or is stuck, with the part of its journal that no chunk has. */
interface EndedRun extends JournalPlace, Pick<Image, 'status' | 'startedAt' | 'waits'> {
  readonly closedAt?: number | undefined;
  readonly trace?: string | undefined;
}

/** A collector that fails gets no spans for this time, so that a batch does not wait for each of its time-outs. */
const PAUSE_MS = 5_000;
/** A longer journal is not read: `tutti trace` sends the spans of its run and its steps. */
const ENTRIES_MAX = 2_000;

/**
 * The tracer of a running engine. In: committed decisions. Out: spans of activations and sends at once, and at its end those of the run and its
 * steps. All ids come from names, so a repeated message, a cold start and `tutti trace` give the same ones.
 */
export class LiveSpans implements Tracer {
  readonly #options: LiveSpansOptions;
  #spans: Span[] = [];
  #ended: EndedRun[] = [];
  #pausedUntil = 0;

  constructor(options: LiveSpansOptions) {
    this.#options = options;
  }

  sending(image: Image, sent: OpenCommand | PendingSend): string | undefined {
    if (isBuiltIn(image)) return undefined;
    const isTraced = this.#isTraced(image);
    const span = 'command' in sent ? commandSpan(image, sent) : eventSpan(image, sent);
    if (isTraced) this.#spans.push(span);
    return traceparentOf(span, isTraced);
  }

  decided(image: Image, inbound: Inbound, { sentAt }: { readonly sentAt: number }): void {
    if (isBuiltIn(image) || !this.#isTraced(image)) return;
    const { tenant, process, id } = parsePid(image.pid) ?? { tenant: '', process: image.pid, id: '' };
    const { key, messageId, at, trace } = inbound;
    const placed = placedIn(image, at);
    const cause = spanIn(trace);
    this.#spans.push({
      ...placed,
      spanId: activationSpanId(image, key),
      name: `process ${process}`,
      kind: 'consumer',
      from: at,
      to: Math.max(at, this.#options.clock.now()),
      attributes: {
        'tutti.process': process,
        'tutti.id': id,
        'tutti.run': image.run,
        'tutti.definition': image.definition,
        ...(tenant !== 'default' && { 'tutti.tenant': tenant }),
        'tutti.message': messageOf(inbound),
        'tutti.lag_ms': Math.max(0, at - sentAt),
        'messaging.operation.type': 'process',
        'messaging.message.id': messageId,
        'messaging.message.conversation_id': `${image.pid}/${image.run}`,
      },
      links: cause ? [...placed.links, cause] : placed.links,
    });
  }

  ended(image: Image): void {
    if (isBuiltIn(image)) return;
    const { past = [], waits, status, startedAt, closedAt } = image;
    for (const { run, from, entries } of past)
      this.#note({ pid: image.pid, run, tailFrom: from, tail: entries, status: 'completed', startedAt, closedAt: startedAt });
    if (status === 'running') return;
    const { pid, run, tailFrom, tail, trace } = image;
    this.#note({ pid, run, tailFrom, tail: [...tail], waits, trace, status, startedAt, closedAt });
  }

  #note(ended: EndedRun): void {
    if (this.#isTraced(ended) || this.#isRemarkable(ended)) this.#ended.push(ended);
  }

  flush(): Promise<void> | undefined {
    const [spans, ended] = [this.#spans, this.#ended];
    if (spans.length === 0 && ended.length === 0) return undefined;
    this.#spans = [];
    this.#ended = [];
    return this.#export(spans, ended);
  }

  async #export(spans: readonly Span[], ended: readonly EndedRun[]): Promise<void> {
    const { clock, onDropped, timeoutMs = EXPORT_MS } = this.#options;
    if (clock.now() < this.#pausedUntil) return onDropped(spans.length + ended.length, undefined);
    const all = [...spans];
    try {
      await within(timeoutMs, this.#send(all, ended));
    } catch (error) {
      this.#pausedUntil = clock.now() + PAUSE_MS;
      onDropped(Math.max(1, all.length), error);
    }
  }

  async #send(all: Span[], ended: readonly EndedRun[]): Promise<void> {
    for (const run of ended)
      try {
        all.push(...(await this.#spansOf(run)));
      } catch (error) {
        // A journal that cannot be read costs the spans of its run, and no others.
        this.#options.onDropped(1, error);
      }
    await this.#options.send(all);
  }

  /** The spans of a run that has ended, without those that were exported when its messages were sent. */
  async #spansOf(ended: EndedRun): Promise<readonly Span[]> {
    const { clock, journal } = this.#options;
    const { pid, run, waits, trace, tail, tailFrom } = ended;
    if (tailFrom + tail.length > ENTRIES_MAX) return [];
    const entries = await journal(ended);
    // The journal of an erased instance, and of one that got stuck before its start, tells of no run.
    if (entries[0]?.type !== 'ProcessStarted') return [];
    const traced = { pid, run, entries, now: clock.now(), ...(waits && { waits }), ...(trace !== undefined && { traceparent: trace }) };
    const [ofRun, ...ofSteps] = runSpans(traced);
    if (!ofRun) return [];
    return [ofRun, ...(this.#isTraced(ended) ? ofSteps.filter(({ kind }) => kind !== 'producer') : ofSteps)];
  }

  #isTraced(of: RunName): boolean {
    return isSampled(of, this.#options.sample ?? 1);
  }

  #isRemarkable({ status, startedAt, closedAt = startedAt }: EndedRun): boolean {
    return status === 'failed' || status === 'stuck' || (isClosed(status) && closedAt - startedAt >= (this.#options.slowMs ?? Infinity));
  }
}

/** Work that ends later has no effect any more. */
async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new ClientError('UNREACHABLE', `The export took more than ${timeoutMs} ms.`, { remedy: 'Look at the collector.' })),
      timeoutMs,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The instances of the engine itself, such as keys and gates, have no spans. */
function isBuiltIn({ definition }: Image): boolean {
  return definition.startsWith('tutti--');
}

function commandSpan(image: Image, command: OpenCommand): Span {
  const { path, owner, attempt, mode, retries, run } = command;
  const since = Math.max(command.since, image.startedAt);
  const from = attempt === 1 && retries === 0 ? since : image.clock;
  const commandId = commandIdOf(image, command);
  const isMoved = run !== undefined && run !== image.run;
  return sendSpan(image, { commandId, command: command.command, path, owner, attempt, isUndo: mode === 'undo', since, from }, isMoved);
}

function eventSpan(image: PlacedRun, { run = image.run, n, event = '', at }: PendingSend): Span {
  return publishSpan(image, { id: `${image.pid}/${run}/${n}`, type: event, at });
}

/** The type of a message, without its data. */
function messageOf(inbound: Inbound): string {
  switch (inbound.kind) {
    case 'start':
    case 'signal':
      return inbound.event;
    case 'reply':
      return `reply ${inbound.outcome}`;
    case 'operate':
      return inbound.act;
    case 'tick':
      return 'timer';
    case 'key':
      return inbound.act;
  }
}
