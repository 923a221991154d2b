/** Which of its sends a message owes: most errors of re-sending change this one condition. */
export const OWED = {
  file: 'lib/engine/advance/working-copy.ts',
  find: "kind === 'tick' && !forced ? by.messageId === messageId : by.cause === key",
} as const;

/** An answer, before anything is asked of it. */
export const ANSWER = {
  file: 'lib/core/classify.ts',
  find: 'const tombstone = image.tombstones.find((each) => each.run === reply.run && each.n === reply.n);',
} as const;
