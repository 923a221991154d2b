import { OWED } from './pieces.ts';
import type { PlantedBug } from './planted-bug.ts';

/** Errors about the hot lane, which `-DFORWARD` adds to head.pml. */
export const forwardBugs: readonly PlantedBug[] = [
  {
    name: 'FORWARD_ACK_FIRST',
    rows: ['head.pml | FORWARD_ACK_FIRST'],
    what: 'A message that is forwarded to the hot lane is acknowledged before the result of the send is known.',
    patches: [
      {
        file: 'lib/engine/send/send-all.ts',
        find: 'const results = await sendAll(forwarded.map(dispatchOf), context.options.sender);',
        plant: `const sending = sendAll(forwarded.map(dispatchOf), context.options.sender);
  const results = PLANTED ? (forwarded.map(() => 'sent') as any) : await sending;`,
      },
    ],
  },
  {
    name: 'FORWARD_DUPLICATES',
    rows: ['head.pml | FORWARD_DUPLICATES'],
    what: 'An event that was applied before is forwarded too, under a new message id, by which its sends are not found.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'item.forwarded = decidesOn(item);',
        plant: "item.forwarded = decidesOn(item) || (PLANTED && item.verdict === 'dup');",
      },
      { ...OWED, plant: '!(PLANTED && forced && !decidesOn(item) && by.messageId !== messageId) && (ORIGINAL)' },
    ],
  },
  {
    name: 'FORWARD_SPOILS_CACHE',
    rows: ['head.pml | FORWARD_SPOILS_CACHE'],
    what: 'An image whose commit met a conflict is cached, although it was not committed.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "if (commit.status === 'committed' && commit.head.status === 'stuck') this.#noticeStuck(this.#live.run.image.stuck);",
        plant: "ORIGINAL\n      if (PLANTED && commit.status === 'conflict') this.#context.cache.put(this.#live);",
      },
    ],
  },
  {
    name: 'FORWARD_NOOP_FROM_CACHE',
    rows: ['head.pml | FORWARD_NOOP_FROM_CACHE'],
    what: 'In a batch that is partly forwarded, verdicts that write nothing are taken from the cached image, without a read.',
    elusive: 'It needs a cached instance that is hot by true contention; head.pml, and test/engine/hot-lane.test.ts.',
    patches: [
      {
        file: 'lib/engine/advance/advance-instance.ts',
        find: 'if (!basis.strong && open.some((item) => !item.forwarded))',
        plant: 'if (!PLANTED && !basis.strong && open.some((item) => !item.forwarded))',
      },
    ],
  },
];
