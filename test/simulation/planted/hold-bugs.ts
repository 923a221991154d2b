import type { PlantedBug } from './planted-bug.ts';

const SCENARIO = 'holds';

/** The design errors of holds.pml, about the pause of a process or a service. */
export const holdBugs: readonly PlantedBug[] = [
  {
    name: 'HELD_NO_REREAD',
    rows: ['holds.pml | HELD_NO_REREAD'],
    what: 'A worker that has parked a start on a stale copy of the holds does not read them again.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/held.ts',
        find: 'if (isHeld(await currentHolds(context), held)) return true;',
        plant: 'if (PLANTED) return true;\n  ORIGINAL',
      },
    ],
  },
  {
    name: 'HELD_PAUSED_NO_REREAD',
    rows: ['holds.pml | HELD_PAUSED_NO_REREAD'],
    what: 'A worker that has paused an instance on a stale copy of the holds does not read them again.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/acknowledge/acknowledge.ts',
        find: 'else if (item.pausedBy !== undefined && !(await',
        plant: 'else if (!PLANTED && item.pausedBy !== undefined && !(await',
      },
    ],
  },
  {
    name: 'HELD_REREADS_COPY',
    rows: ['holds.pml | HELD_REREADS_COPY'],
    what: 'A worker that has held something compares it with its copy of the holds, not with the table.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/held.ts',
        find: 'const { holds, options } = context;\n  const [head]',
        plant: 'const { holds, options } = context;\n  if (PLANTED) return holds.list;\n  const [head]',
      },
    ],
  },
  {
    name: 'PAUSES_AGAIN',
    rows: ['holds.pml | PAUSES_AGAIN'],
    what: 'A hold pauses an instance again that an operator has resumed.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/held.ts',
        find: 'return image?.starts.includes(actIdentity(sha256, pid, id)) ?? false;',
        plant: 'if (PLANTED) return false;\n  ORIGINAL',
      },
    ],
  },
  {
    name: 'RELEASES_ANY',
    rows: ['holds.pml | RELEASES_ANY'],
    what: 'The end of a hold resumes an instance that an operator has paused.',
    elusive: 'An operator must pause an instance while a release of it is on its way; test/client/holds.test.ts holds it.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/core/classify.ts',
        find: "return image.paused?.hold === operator.hold ? 'apply' : 'dup';",
        plant: "return image.paused?.hold === operator.hold || (PLANTED && image.paused) ? 'apply' : 'dup';",
      },
    ],
  },
  {
    name: 'RELEASE_ONCE',
    rows: ['holds.pml | RELEASE_ONCE'],
    what: 'The end of a hold looks once for what the hold has paused and parked, although the indexes may lag.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/jobs/release-held.ts',
        find: 'if (!isFull && waited * 1000 >= lagMs) return true;',
        plant: 'if (PLANTED) return true;\n  ORIGINAL',
      },
    ],
  },
  {
    name: 'CANCEL_FORGETS',
    rows: ['holds.pml | CANCEL_FORGETS'],
    what: 'A hold pauses an instance after its cancel, so some of its steps stay done.',
    elusive: 'The instance must have two steps to undo, and no event since the hold; test/client/holds.test.ts holds it.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/held.ts',
        find: 'if (hold && !isReleased(image, pid, hold)) remember(',
        plant: 'if (hold && !PLANTED && !isReleased(image, pid, hold)) remember(',
      },
    ],
  },
  {
    name: 'REFUSED_ON_COPY',
    rows: ['holds.pml | REFUSED_ON_COPY'],
    what: 'A worker refuses a start on a stale copy of the holds.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/held.ts',
        find: 'const holds = await currentHolds(context);\n  item.hold',
        plant: 'const holds = PLANTED ? context.holds.list : await currentHolds(context);\n  item.hold',
      },
    ],
  },
  {
    name: 'REFUSED_FORGOTTEN',
    rows: ['holds.pml | REFUSED_FORGOTTEN'],
    what: 'A start that was refused begins its run, if its message comes again after the end of the hold.',
    elusive: 'A worker must crash before it acknowledges a refused start, as the hold ends; test/engine/held.test.ts holds it.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/held.ts',
        find: "if (isRefusable && (await wasRefused(context, item))) return 'refused';",
        plant: "if (!PLANTED && isRefusable && (await wasRefused(context, item))) return 'refused';",
      },
    ],
  },
  {
    name: 'HOLDS_NEVER_RENEWED',
    rows: [],
    what: 'A worker reads the holds once, and decides on that copy for its whole life.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/advance-processes.ts',
        find: 'const age = groups.has(HOLDS_PID) ? 0 : options.clock.now() - holds.readAt;',
        plant: 'const age = groups.has(HOLDS_PID) || (PLANTED && holds.readAt > 0) ? 0 : options.clock.now() - holds.readAt;',
      },
      {
        file: 'lib/engine/advance/advance-processes.ts',
        find: 'if (options.clock.now() - holds.readAt < HOLDS_MS || groups.has(HOLDS_PID)) return;',
        plant: 'if (PLANTED && holds.readAt > 0) return;\n  ORIGINAL',
      },
    ],
  },
  {
    name: 'HELD_SERVICE_SENDS',
    rows: [],
    what: 'A decision that sends a command to a paused service is committed.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'return item.hold !== undefined;',
        plant: 'return item.hold !== undefined && !PLANTED;',
      },
    ],
  },
  {
    name: 'HELD_BY_OTHERS',
    rows: [],
    what: 'The end of a hold sends back the starts that another hold keeps, again and again.',
    fixed: 'The end of a hold sends back the starts that this hold keeps.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/ports/parked-list.ts',
        find: 'if (isKeptBy(scope, detail)) found.push({ pid, id });',
        plant: 'if (PLANTED || isKeptBy(scope, detail)) found.push({ pid, id });',
      },
    ],
  },
  {
    name: 'RELEASE_BY_CLOCK',
    rows: [],
    what: 'The end of a hold counts the lag of the indexes from the time of its request, by the clock of the worker.',
    fixed: 'The queue counts how long the indexes have shown nothing.',
    elusive: 'The end of a hold must be late, and the index must lag; test/engine/held.test.ts holds it.',
    scenario: SCENARIO,
    patches: [
      {
        file: 'lib/engine/jobs/release-held.ts',
        find: 'if (!isFull && waited * 1000 >= lagMs) return true;',
        plant:
          'if (PLANTED && paused.length + parked.length === 0 && context.options.clock.now() > Date.parse(message.time) + 60_000) return true;\n  ORIGINAL',
      },
    ],
  },
];
