import { OWED } from './pieces.ts';
import type { Patch, PlantedBug } from './planted-bug.ts';

/** The sends of the last event of the group happen before the commit, which may meet a conflict. */
const SENT_FIRST: Patch = {
  file: 'lib/engine/advance/working-copy.ts',
  find: 'const commit = await commitImage(this.#context, this.#live, this.#base);',
  plant: `if (PLANTED) {
        const { run } = this.#live;
        const early = dispatchesCausedBy(run.image, dispatchContext(this.#context), (by) => by.cause === run.carrier.cause && by.messageId === run.carrier.messageId);
        const { sendAll } = await import('../send/send-all.ts');
        await sendAll(early, this.#context.options.sender, this.#context.options.publisher);
      }
      ORIGINAL`,
};

export const headBugs: readonly PlantedBug[] = [
  {
    name: 'SEND_FIRST',
    rows: ['head.pml | SEND_FIRST'],
    what: 'Commands are sent before the commit.',
    patches: [SENT_FIRST],
  },
  {
    name: 'RETRY_UNKNOWN',
    rows: ['head.pml | RETRY_UNKNOWN'],
    what: 'Commands are sent before the commit, and a reply to a command that no head has is retried later.',
    patches: [
      SENT_FIRST,
      {
        file: 'lib/core/classify.ts',
        find: "reply.n >= image.seq ? 'future' : 'dup'",
        plant: "reply.n >= image.seq ? (PLANTED ? 'wait' : 'future') : 'dup'",
      },
    ],
  },
  {
    name: 'NO_RESEND',
    rows: ['head.pml | NO_RESEND'],
    what: 'A duplicate is acknowledged without a repeat of its sends.',
    patches: [{ ...OWED, plant: '!(PLANTED && !decidesOn(item)) && (ORIGINAL)' }],
  },
  {
    name: 'OUTBOX_LAST',
    rows: ['head.pml | OUTBOX_LAST'],
    what: 'A duplicate repeats only the sends of the last commit.',
    patches: [
      {
        ...OWED,
        plant: `!(PLANTED && !decidesOn(item) && ((by as any).since ?? (by as any).at) !== this.#image.clock && (by as any).due - (by as any).timeoutMs !== this.#image.clock) && (ORIGINAL)`,
      },
    ],
  },
  {
    name: 'DELETE_FIRST',
    rows: ['head.pml | DELETE_FIRST'],
    what: 'A message is acknowledged before the results of its sends are known.',
    patches: [
      {
        file: 'lib/engine/advance/advance-processes.ts',
        find: 'const results = await sendAll(dispatches, context.options.sender, context.options.publisher);',
        plant: `const sending = sendAll(dispatches, context.options.sender, context.options.publisher);
  const results = PLANTED ? dispatches.map(() => 'sent') : await sending;`,
      },
    ],
  },
  {
    name: 'DROP_UNKNOWN',
    rows: ['head.pml | DROP_UNKNOWN'],
    what: 'An event that comes before the start of its instance is dropped.',
    patches: [
      {
        file: 'lib/engine/acknowledge/acknowledge.ts',
        find: 'return buffer(context, item);',
        plant: "return PLANTED ? 'acknowledge' : buffer(context, item);",
      },
    ],
  },
  {
    name: 'NOOP_FROM_CACHE',
    rows: ['head.pml | NOOP_FROM_CACHE'],
    what: 'A verdict that writes nothing is taken from the cached image, without a read.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (basis.strong) return true;',
        plant: 'if (PLANTED || basis.strong) return true;',
      },
    ],
  },
  {
    name: 'DAMP_WRONG',
    rows: ['head.pml | DAMP_WRONG'],
    what: 'A duplicate repeats its sends only from its second delivery on.',
    patches: [{ ...OWED, plant: '!(PLANTED && !decidesOn(item) && item.message.receiveCount <= 1) && (ORIGINAL)' }],
  },
  {
    name: 'DAMP_WRONG_FORCED',
    rows: ['head.pml | DAMP_WRONG_FORCED'],
    what: 'A duplicate repeats its sends only from its second delivery on, or if this invocation has decided it before and met a conflict.',
    patches: [
      { ...OWED, plant: '!(PLANTED && !decidesOn(item) && item.message.receiveCount <= 1 && !(item as any).decided) && (ORIGINAL)' },
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'const reason = alone ? await this.#applyWatched(item) : await this.#apply(item);',
        plant: 'if (PLANTED) (item as any).decided = true;\nORIGINAL',
      },
    ],
  },
  {
    name: 'FIRE_DROP',
    rows: ['head.pml | FIRE_DROP', 'lifecycle.pml | FIRE_DROP_AT_CLOSE'],
    what: 'A commit drops the pending sends of earlier commits, without knowing that they were sent.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (!this.#live?.pendingSent && !this.#pendingSent) this.#sendsBefore = image.pendingSends;',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'TICK_BY_KEY',
    rows: ['correctness.md | 66'],
    what: "A redelivered tick looks up its sends by the event key of the head's current tick instead of its own message id.",
    patches: [
      {
        ...OWED,
        plant: "PLANTED && kind === 'tick' && !decidesOn(item) ? by.cause === `t:${this.#image.run}:${this.#image.tickAt}` : (ORIGINAL)",
      },
    ],
  },
];
