import type { PlantedBug } from './planted-bug.ts';

/**
 * Bugs that this code had until the simulation, or the search through all interleavings, found them, and bugs of versions. No model has a
 * row for them.
 */
export const foundBugs: readonly PlantedBug[] = [
  {
    name: 'REUSED_ID_SILENT',
    rows: [],
    scenario: 'user-activity',
    elusive: 'Without a reply, the limits of the command give the outcome unknown as well; test/service/consumer.test.ts.',
    what: 'A service refuses a command whose id was used for other data, as after a restore, and sends no reply.',
    fixed: 'A service replies unknown to a command whose id was used for other data.',
    patches: [
      {
        file: 'lib/service/consumer/command-runner.ts',
        find: 'return replyWith(this.#deps.replies.unknown(command, { failures: 0, lastError }), moved);',
        plant: 'if (PLANTED) return endWith(moved);\n    ORIGINAL',
      },
    ],
  },
  {
    name: 'POISON_SENDS_TICKS',
    rows: [],
    scenario: 'blackouts',
    what: 'The pending sends of the head are repeated before each decision, even if the process code throws, so a tick sends itself.',
    fixed: 'A commit that removes pending sends of a head sends them first.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'this.#setSendsAside(live.run.image);',
        plant: `if (PLANTED && !this.changed && live.run.image.pendingSends.length > 0) await sendPending(this.#context, live.run.image);
    ORIGINAL`,
      },
    ],
  },
  {
    name: 'RESOLVES_FAILED',
    rows: [],
    scenario: 'outages',
    what: 'An operator may resolve an undo that has definitely failed, which gives its command a second outcome.',
    fixed: 'The outcome of an undo that has failed cannot be resolved.',
    patches: [
      {
        file: 'lib/core/resolvable.ts',
        find: '.filter((each) => !hasFailed(each))',
        plant: '.filter((each) => PLANTED || !hasFailed(each))',
      },
    ],
  },
  {
    name: 'LOSER_TAKES_EVENT',
    rows: [],
    scenario: 'programs',
    what: 'A wait that loses a race keeps the event that it has taken.',
    fixed: 'A wait that loses a race puts its event back.',
    patches: [{ file: 'lib/core/waits.ts', find: 'if (!signal || (run.expected', plant: 'if (PLANTED) return;\n  ORIGINAL' }],
  },
  {
    name: 'PUT_BACK_LAST',
    rows: [],
    scenario: 'programs',
    what: 'An event that a wait puts back is read after the events that came later.',
    patches: [
      {
        file: 'lib/core/waits.ts',
        find: 'run.unread.splice(before + 1, 0, signal);',
        plant: 'if (PLANTED) run.unread.push(signal);\n    else ORIGINAL',
      },
    ],
  },
  {
    name: 'CHANGE_TAKEN_LATE',
    rows: [],
    scenario: 'revisions',
    what: 'A run that was past a change takes it at a later call of ctx.patched.',
    patches: [
      {
        file: 'lib/core/labels.ts',
        find: 'if (known !== undefined) return known;',
        plant: 'if (PLANTED ? known : known !== undefined) return known as boolean;',
      },
    ],
  },
  {
    name: 'CHANGE_NOT_JOURNALED',
    rows: [],
    scenario: 'revisions',
    what: 'A run takes a change and does not journal it, so its replay does not take it.',
    patches: [
      {
        file: 'lib/core/labels.ts',
        find: "if (taken) journal(run, { type: 'ChangeTaken', path: change });",
        plant: 'if (!PLANTED) ORIGINAL',
      },
    ],
  },
  {
    name: 'MOVE_UNREPLAYED',
    rows: [],
    scenario: 'revisions',
    what: 'An instance moves to another version although its journal does not replay on it.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (live.run.bug) return live.run.bug;\n    return',
        plant: 'if (PLANTED && isMove(item.target.inbound)) live.run.bug = undefined;\n    ORIGINAL',
      },
    ],
  },
  {
    name: 'MOVE_KEEPS_CODE',
    rows: [],
    scenario: 'revisions',
    what: 'An instance that moves keeps the code of its earlier version in memory.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "if (this.#live && verdict !== 'restart' && !isMove(inbound)) return this.#live;",
        plant: `if (PLANTED && this.#live && isMove(inbound)) this.#live.run.image.definition = \`book@\${String(Reflect.get(inbound, 'version'))}\`;
    if (this.#live && verdict !== 'restart' && (PLANTED || !isMove(inbound))) return this.#live;`,
      },
    ],
  },
  {
    name: 'LOSER_STANDS',
    rows: [],
    scenario: 'programs',
    rare: true,
    what: 'A scope that loses a race while it waits for losers of its own closes fulfilled, so its steps are not undone.',
    fixed: 'A scope that loses a race after its body has ended is undone, and counts as awaited.',
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
    what: 'A failed scope that loses a race while it is being undone is treated as not awaited.',
    fixed: 'A scope that loses a race after its body has ended is undone, and counts as awaited.',
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
    what: 'The steps of a cancelled scope in an undecided race are undone at once, before newer steps.',
    fixed: 'The steps of a cancelled scope in an undecided race are undone in the order of the whole run.',
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
    what: 'A terminate journals the unread events, which only a worker that has replayed the instance knows.',
    fixed: 'Terminate journals no unread events, so that the journal replays.',
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
      'Too few seeds forge a reply to an abandoned command; seed 2736 of lives shows it, and test/bad-input/replies.test.ts holds it.',
    what: 'A late reply counts as the success of an abandoned command without a check of the command hash.',
    fixed: 'A late success counts only for a command that was sent.',
    patches: [
      {
        file: 'lib/engine/advance/decide.ts',
        find: 'const { hash = reply.commandhash } = command;',
        plant: 'const { hash = reply.commandhash } = PLANTED && tombstone ? {} : command;',
      },
    ],
  },
  {
    name: 'LOST_TICK',
    rows: [],
    scenario: 'user-activity',
    what: 'A lost tick, as after a purge of the inbox, is never sent again.',
    fixed: 'A lost tick is sent again within the hour.',
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
    elusive: 'A dead letter is parked after a day, and no fault of the simulation lasts as long; test/engine/drain-dead-letters.test.ts.',
    what: 'A message that was a dead letter for a day is not parked beside the instance that it names, so no resume finds it.',
    fixed: 'A message that was a dead letter for a day is parked beside the instance that it names, and a resume sends it back.',
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
    what: 'The age of a start is checked only if there is no instance, not if it would begin the next run of one.',
    fixed: 'An old start never begins a second run, neither over a younger run nor after many others.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: "this.#image.status === 'early' || verdict === 'restart'",
        plant: "this.#image.status === 'early' || (!PLANTED && verdict === 'restart')",
      },
    ],
  },
  {
    name: 'OLD_START_AFTER_MANY',
    rows: [],
    scenario: 'retention',
    what: 'A start that is older than the starts that the head remembers begins its run again.',
    fixed: 'An old start never begins a second run, neither over a younger run nor after many others.',
    patches: [
      {
        file: 'lib/engine/advance/verdict-by-journal.ts',
        find: "if (verdict === 'restart') return",
        plant: "if (!PLANTED && verdict === 'restart') return",
      },
    ],
  },
  {
    name: 'RETIRED_TOO_SOON',
    rows: [],
    scenario: 'retention',
    elusive: 'One seed in thousands has a start of exactly that age and a clock that is behind; test/engine/retire-closed.test.ts.',
    what: 'An instance is retired at an age at which a worker whose clock is behind still admits its start.',
    fixed: 'A closed instance is kept for a day longer than its start can be admitted.',
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
    what: 'The early events of an instance are dropped if it is terminated before its start.',
    fixed: 'Terminate before the start keeps the process time and parks the early events, and a resume begins the instance.',
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
    what: 'A process that never waits blocks its worker indefinitely.',
    fixed: 'Each activation has a limit, and a step outside an activation is refused.',
    patches: [
      {
        file: 'lib/core/journal.ts',
        find: 'if (activation[what] > activation.allowed)',
        plant: 'if (!PLANTED && activation[what] > activation.allowed)',
      },
    ],
  },
  {
    name: 'PARSE_ON_REPLAY',
    rows: [],
    scenario: 'evolving',
    what: 'A replay compares the value that the current contract returns, and not the value that the code passes.',
    fixed: 'Replay compares the values that the code passes, so that contracts may change.',
    patches: [
      {
        file: 'lib/core/journal.ts',
        find: 'const same = asked !== undefined && asked === recorded.asked;',
        plant: 'const same = !PLANTED && asked !== undefined && asked === recorded.asked;',
      },
    ],
  },
  {
    name: 'UNDO_COMPUTED_TWICE',
    rows: [],
    scenario: 'evolving',
    what: 'A replay computes the input of an issued undo again, by the current contract.',
    fixed: 'Replay compares the values that the code passes, so that contracts may change.',
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
    what: 'For a command whose contract had no versions when it was issued, the version is guessed at each send.',
    fixed: 'A contract may change between two activations.',
    patches: [
      {
        file: 'lib/core/journal.ts',
        find: 'function newest(schema: Schema): number {\n  return versionOf(schema);',
        plant:
          'function newest(schema: Schema): number | undefined {\n  return PLANTED && versionOf(schema) === 1 ? undefined : versionOf(schema);',
      },
    ],
  },
  {
    name: 'HOT_UNANSWERED',
    rows: [],
    scenario: 'bulk',
    what: 'A hot instance does not reply to an engine command that it has answered before, or will not apply.',
    fixed: 'The worker that forwards the other events of the instance sends the reply.',
    patches: [
      { file: 'lib/engine/advance/advance-instance.ts', find: 'await working.answerAgain(here);', plant: 'if (!PLANTED) ORIGINAL' },
    ],
  },
  {
    name: 'CHILD_SAYS_ONLY_REPLY',
    rows: [],
    scenario: 'compositions',
    what: 'The start of a child that has ended comes again, and sends the reply again and none of the commands of its first commit.',
    fixed: 'The redelivered start sends all that it has caused.',
    patches: [
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'if (!command || hasReply) continue;',
        plant: 'if (!command || (hasReply && !PLANTED)) continue;',
      },
      {
        file: 'lib/engine/advance/working-copy.ts',
        find: 'item.dispatches = [...item.dispatches, replyDispatch(this.#image, command,',
        plant: 'item.dispatches = [...(PLANTED ? [] : item.dispatches), replyDispatch(this.#image, command,',
      },
    ],
  },
];
