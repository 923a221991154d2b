/** The condition that selects the sends that a message repeats. Most errors about repeated sends change it. */
export const OWED = {
  file: 'lib/engine/advance/working-copy.ts',
  find: "kind === 'tick' && !forced ? by.messageId === messageId : by.cause === key",
} as const;

/** The place at which the classification of a reply begins. */
export const ANSWER = {
  file: 'lib/core/classify.ts',
  find: 'const tombstone = image.tombstones.find((each) => each.run === reply.run && each.n === reply.n);',
} as const;
