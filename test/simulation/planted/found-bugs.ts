import type { PlantedBug } from './planted-bug.ts';

/** Bugs that this code truly had until the simulation, or the search through all interleavings, showed them. They have no row in a model. */
export const foundBugs: readonly PlantedBug[] = [
  {
    name: 'REUSED_ID_SILENT',
    rows: [],
    scenario: 'user-activity',
    elusive: 'The limits of a command end a silent service too: its outcome counts as unknown; test/service/consumer.test.ts.',
    what: 'A service refuses a command whose id was used for other data, as after a restore, and says nothing.',
    mended: 'A command whose id was used for other data is answered unknown, not met with silence',
    patches: [
      {
        file: 'lib/service/consumer/command-runner.ts',
        find: 'const disposal = await this.#answer(job, this.#deps.replies.unknown(command, { failures: 0, lastError }));',
        plant: 'if (PLANTED) return moved;\n    ORIGINAL',
      },
    ],
  },
  {
    name: 'POISON_SENDS_TICKS',
    rows: [],
    what: 'What the head has fired is sent again before each decision, also where its code throws: a tick sends itself.',
    mended: 'engine: send what a head has fired when the commit drops it',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'this.#setSendsAside(live);',
        plant: `if (PLANTED && !this.changed && live.run.image.pendingSends.length > 0) await sendPending(this.#context, live.run.image);
    ORIGINAL`,
      },
    ],
  },
  {
    name: 'RESOLVES_FAILED',
    rows: [],
    scenario: 'outages',
    what: 'A person may resolve an undo that has failed for certain, which gives its command a second outcome.',
    mended: 'core: refuse to resolve an undo that has failed',
    patches: [
      {
        file: 'lib/core/resolvable.ts',
        find: '.filter((each) => !hasFailed(each))',
        plant: '.filter((each) => PLANTED || !hasFailed(each))',
      },
    ],
  },
  {
    name: 'LOSER_STANDS',
    rows: [],
    scenario: 'programs',
    what: 'A scope loses a race while it waits for losers of its own, and closes fulfilled: what it did stands.',
    mended: 'A scope that loses a race after its body has ended is undone, and is not taken for unawaited',
    patches: [
      {
        file: 'lib/core/scopes.ts',
        find: "if (step.child.ending?.status === 'fulfilled') step.child.cancelledBy = failure;",
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'LOSER_UNAWAITED',
    rows: [],
    scenario: 'programs',
    rare: true,
    what: 'A scope that has failed, and loses a race while it is being undone, is taken for one that nobody awaited.',
    mended: 'A scope that loses a race after its body has ended is undone, and is not taken for unawaited',
    patches: [
      {
        file: 'lib/core/scopes.ts',
        find: 'function loseScope(step: ScopeStep, failure: Failure): void {',
        plant: "ORIGINAL\n  if (PLANTED && step.child.ending?.status !== 'fulfilled') return;",
      },
      {
        file: 'lib/core/scopes.ts',
        find: 'for (const step of scope.open) {',
        plant: "ORIGINAL\n    if (PLANTED && step.kind === 'scope' && step.child.cancelledBy) continue;",
      },
    ],
  },
  {
    name: 'UNDONE_OUT_OF_TURN',
    rows: [],
    scenario: 'programs',
    rare: true,
    what: 'What a cancelled scope has done in a race that nobody has decided is undone at once, before what is newer.',
    mended: 'What a cancelled scope has done in a race that nobody has decided is undone in its turn',
    patches: [
      {
        file: 'lib/core/scopes.ts',
        find: "given ?? (scope.state === 'open' ?",
        plant: "given ?? (PLANTED || scope.state === 'open' ?",
      },
    ],
  },
  {
    name: 'TERMINATE_TELLS_UNREAD',
    rows: [],
    scenario: 'successive-runs',
    what: 'Terminating journals the unread events, which only a worker that has replayed the instance knows.',
    mended: 'Terminating tells no unread events, so its journal replays',
    patches: [
      {
        file: 'lib/core/ending.ts',
        find: "journal(run, { type: 'ProcessTerminated', path: '', reason });",
        plant: `ORIGINAL
  if (PLANTED && run.unread.length > 0) journal(run, { type: 'EventsUnread', path: '', ids: run.unread.map((signal) => signal.id) });`,
      },
    ],
  },
  {
    name: 'LATE_FORGERY',
    rows: [],
    scenario: 'successive-runs',
    elusive:
      'Too few stories forge an answer to what was given up; seed 2736 of lives shows it, and test/bad-input/replies.test.ts holds it.',
    what: 'What comes late counts as a success of what was given up, whatever it is an answer to.',
    mended: 'A success that comes late counts only as an answer to what was asked',
    patches: [
      {
        file: 'lib/engine/advance/verdict.ts',
        find: 'const { hash = reply.commandhash } = command;',
        plant: 'const { hash = reply.commandhash } = PLANTED && tombstone ? {} : command;',
      },
    ],
  },
  {
    name: 'LOST_TICK',
    rows: [],
    scenario: 'user-activity',
    what: 'Nobody looks for ticks that were lost, as when the inbox is purged.',
    mended: 'A tick that was lost is sent again within the hour',
    patches: [
      {
        file: 'lib/engine/jobs/wake-overdue.ts',
        find: 'const before = clock.now() - GRACE_MS;',
        plant: 'if (PLANTED) return { count: 0, whole: true };\n  ORIGINAL',
      },
    ],
  },
  {
    name: 'DEAD_LETTER_APART',
    rows: [],
    scenario: 'trips',
    elusive: 'A dead letter is parked after a day, which no fault outlasts; test/engine/drain-dead-letters.test.ts.',
    what: 'What was a dead letter for a day is parked apart from the instance that it names, where no resume finds it.',
    mended: 'What was a dead letter twice is parked beside the instance that it names, and a resume sends it back',
    patches: [
      {
        file: 'lib/engine/admit/admit.ts',
        find: 'namedInstance(message.body)',
        plant: "PLANTED ? '' : namedInstance(message.body)",
      },
    ],
  },
  {
    name: 'OLD_START_OVER_YOUNGER',
    rows: [],
    scenario: 'retention',
    what: 'The age of a start is looked at only where there is no instance, not where it would begin the next run of one.',
    mended: 'An old start never begins a second time, over a younger run or after many',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "this.#image.status !== 'early' && verdict !== 'restart'",
        plant: "this.#image.status !== 'early' && (PLANTED || verdict !== 'restart')",
      },
    ],
  },
  {
    name: 'OLD_START_AFTER_MANY',
    rows: [],
    scenario: 'retention',
    what: 'A start of more lives ago than the head remembers begins its run once more.',
    mended: 'An old start never begins a second time, over a younger run or after many',
    patches: [
      {
        file: 'lib/engine/advance/verdict.ts',
        find: "if (verdict === 'restart') return",
        plant: "if (!PLANTED && verdict === 'restart') return",
      },
    ],
  },
  {
    name: 'RETIRED_TOO_SOON',
    rows: [],
    scenario: 'retention',
    elusive: 'One seed in thousands has a start of just that age and a clock that is behind; test/engine/retire-closed.test.ts.',
    what: 'An instance is retired at the age at which its start is still heard by a clock that is behind.',
    mended: 'What has closed outlives the last instant at which its start is heard, by a day',
    patches: [
      {
        file: 'lib/engine/jobs/retire-closed.ts',
        find: 'now - retentionMs - CLOCKS_MS',
        plant: 'now - retentionMs - (PLANTED ? 0 : CLOCKS_MS)',
      },
    ],
  },
  {
    name: 'EARLY_DROPPED_BY_TERMINATE',
    rows: [],
    scenario: 'successive-runs',
    what: 'What came before its instance is dropped when that is terminated before it has begun.',
    mended: 'What was terminated before it had begun is begun by a resume, keeps process time, and parks what came early',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "if (early && inbound.kind === 'operate')",
        plant: "if (!PLANTED && early && inbound.kind === 'operate')",
      },
    ],
  },
  {
    name: 'UNBOUNDED_ACTIVATION',
    rows: [],
    scenario: 'programs',
    what: 'A process that never waits keeps its worker for ever.',
    mended: 'core: bound each activation, and refuse requests outside one',
    patches: [
      {
        file: 'lib/core/activation.ts',
        find: 'if (activation[what] > activation.allowed)',
        plant: 'if (!PLANTED && activation[what] > activation.allowed)',
      },
    ],
  },
  {
    name: 'PARSE_ON_REPLAY',
    rows: [],
    scenario: 'evolving',
    what: 'Replay compares what the contract of now makes of a value, and not the value that the code passes.',
    mended: 'core: replay compares what the code passes, so contracts may change',
    patches: [
      {
        file: 'lib/core/passed.ts',
        find: 'const same = asked !== undefined && asked === recorded.asked;',
        plant: 'const same = !PLANTED && asked !== undefined && asked === recorded.asked;',
      },
    ],
  },
  {
    name: 'UNDO_COMPUTED_TWICE',
    rows: [],
    scenario: 'evolving',
    what: 'The input of an undo that was issued is made again, by the contract of now.',
    mended: 'core: replay compares what the code passes, so contracts may change',
    patches: [
      {
        file: 'lib/core/issue.ts',
        find: 'run.expected ? recordedUndo(run, item, path) : madeUndo(run, item)',
        plant: 'run.expected && !PLANTED ? recordedUndo(run, item, path) : madeUndo(run, item)',
      },
    ],
  },
  {
    name: 'VERSION_GUESSED',
    rows: [],
    scenario: 'evolving',
    what: 'Of a command whose contract had no versions when it was sent, the version is guessed each time that it is sent.',
    mended: 'simulation: contracts change between two activations',
    patches: [
      {
        file: 'lib/core/passed.ts',
        find: 'function newest(schema: Schema): number {\n  return versionOf(schema);',
        plant:
          'function newest(schema: Schema): number | undefined {\n  return PLANTED && versionOf(schema) === 1 ? undefined : versionOf(schema);',
      },
    ],
  },
];
