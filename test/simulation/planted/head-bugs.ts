import { OWED } from './pieces.ts';
import type { Patch, PlantedBug } from './planted-bug.ts';

/** What the last event of the group has caused goes out before the write that may lose. */
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
    what: 'Commands are sent before the commit that decides them.',
    patches: [SENT_FIRST],
  },
  {
    name: 'RETRY_UNKNOWN',
    rows: ['head.pml | RETRY_UNKNOWN'],
    what: 'Commands are sent before the commit, and an answer to what no head has asked is tried again later.',
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
    what: 'A duplicate is only acknowledged.',
    patches: [{ ...OWED, plant: '!(PLANTED && !decidesOn(item)) && (ORIGINAL)' }],
  },
  {
    name: 'OUTBOX_LAST',
    rows: ['head.pml | OUTBOX_LAST'],
    what: 'A duplicate sends again only what the last commit has decided.',
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
    what: 'A message is acknowledged while its sends are under way, and nobody looks at their results.',
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
    what: 'What comes before its instance is dropped.',
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
    what: 'A verdict that writes nothing is taken from a warm instance, without a read.',
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
    what: 'What a duplicate caused is sent again only from its second delivery on.',
    patches: [{ ...OWED, plant: '!(PLANTED && !decidesOn(item) && item.message.receiveCount <= 1) && (ORIGINAL)' }],
  },
  {
    name: 'DAMP_WRONG_FORCED',
    rows: ['head.pml | DAMP_WRONG_FORCED'],
    what: 'The same, but for what this invocation has itself decided before, and then met another writer.',
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
    what: 'A commit drops what earlier ones fired, without knowing it sent.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (!live.pendingSent && !this.#pendingSent) this.#sendsBefore = image.pendingSends;',
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'TICK_BY_KEY',
    rows: ['correctness.md | 66'],
    what: "A tick that comes again looks for its sends under the head's present event key instead of its own message id.",
    patches: [
      {
        ...OWED,
        plant: "PLANTED && kind === 'tick' && !decidesOn(item) ? by.cause === `t:${this.#image.run}:${this.#image.tickAt}` : (ORIGINAL)",
      },
    ],
  },
];
