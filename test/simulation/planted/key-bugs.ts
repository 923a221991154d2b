import type { PlantedBug } from './planted-bug.ts';

/** The design errors of keys.pml, about a key and its subscribers, and the bug that the simulation has found in them. */
export const keyBugs: readonly PlantedBug[] = [
  {
    name: 'FORWARD_NOT_DEDUPED',
    rows: ['keys.pml | FORWARD_NOT_DEDUPED'],
    scenario: 'keys',
    what: 'A subscriber applies each copy of an event that its key forwards, also the second one.',
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "if (inRing(image.signals, signal)) return 'dup';",
        plant: "if (!(PLANTED && isForwarded) && inRing(image.signals, signal)) return 'dup';",
      },
    ],
  },
  {
    name: 'LATE_ACK_IGNORED',
    rows: ['keys.pml | LATE_ACK_IGNORED'],
    scenario: 'keys',
    what: 'A run that has ended ignores that its key has subscribed it since, so it stays a subscriber.',
    patches: [{ file: 'lib/engine/send/key-sends.ts', find: 'return isHeld ? []', plant: 'return isHeld || PLANTED ? []' }],
  },
  {
    name: 'NO_ROUNDS',
    rows: ['keys.pml | NO_ROUNDS'],
    scenario: 'keys',
    what: 'A copy that comes back for the second time is taken for a duplicate of the first one.',
    patches: [
      { file: 'lib/core/keys.ts', find: 'round: (returned.round ?? 0) + 1', plant: 'round: PLANTED ? 0 : (returned.round ?? 0) + 1' },
    ],
  },
  {
    name: 'RETURN_ALONE',
    rows: ['keys.pml | RETURN_ALONE'],
    elusive: 'Both subscribers must end while the copies are on their way, one of them before its copy; test/core/keys.test.ts holds it.',
    what: 'One copy that comes back counts as all copies of its event, also if another subscriber has taken one.',
    patches: [
      {
        file: 'lib/core/keys.ts',
        find: 'return returnsOf(key, identity) + 1 >= to;',
        plant: 'return PLANTED || returnsOf(key, identity) + 1 >= to;',
      },
    ],
  },
  {
    name: 'RETURN_DROPPED',
    rows: ['keys.pml | RETURN_DROPPED'],
    scenario: 'keys',
    what: 'A copy whose subscription has ended is dropped, and does not come back to its key.',
    patches: [
      {
        file: 'lib/engine/send/key-sends.ts',
        find: "return forward && verdict === 'closed' ?",
        plant: "return forward && verdict === 'closed' && !PLANTED ?",
      },
    ],
  },
  {
    name: 'RETURN_LOST',
    rows: ['keys.pml | RETURN_LOST'],
    scenario: 'keys',
    what: 'A key without another subscriber journals an event that comes back, and does not keep it for the next one.',
    patches: [{ file: 'lib/engine/advance/apply-to-key.ts', find: 'if (kept)', plant: 'if (kept && !PLANTED)' }],
  },
  {
    name: 'UNSUBSCRIBE_NEVER',
    rows: ['keys.pml | UNSUBSCRIBE_NEVER'],
    scenario: 'keys',
    what: 'A run that ends does not unsubscribe.',
    patches: [
      {
        file: 'lib/core/subscriptions.ts',
        find: "image.pendingSends.push({ n: 0, kind: 'unsubscribe'",
        plant: "if (!PLANTED) image.pendingSends.push({ n: 0, kind: 'unsubscribe'",
      },
    ],
  },
  {
    name: 'KEPT_LEFT_OUT',
    rows: [],
    scenario: 'keys',
    what: 'A late duplicate of an ended subscription gets the kept events; one of them came back from it, and the key drops the others.',
    fixed: 'A key that is at rest again keeps the events that it has not forwarded.',
    patches: [
      {
        file: 'lib/engine/advance/early-events.ts',
        find: "if (verdict === 'early') keepEarly(",
        plant: "if (verdict === 'early' && !PLANTED) keepEarly(",
      },
    ],
  },
];
