import type { PlantedBug } from './planted-bug.ts';

const RECORD = 'lib/service/consumer/command-record.ts';
const RUNNER = 'lib/service/consumer/command-runner.ts';

const UNDER_A_LEASE = {
  file: RECORD,
  find: 'return record.leaseUntil !== undefined && record.leaseUntil > delivery.now',
} as const;

export const serviceBugs: readonly PlantedBug[] = [
  {
    name: 'SETTLE_NO_TOMB',
    rows: ['service.pml | SETTLE_NO_TOMB'],
    what: 'A command that has not begun is cancelled by its settling without a record, so a late copy runs.',
    patches: [
      {
        file: RECORD,
        find: "if (delivery.settling) return { kind: 'answer', outcome: 'cancelled', write: cancelledRecord(delivery.hash) };",
        plant: "if (PLANTED && delivery.settling) return { kind: 'answer', outcome: 'cancelled' };\n  ORIGINAL",
      },
    ],
  },
  {
    name: 'REPLY_BEFORE_COMPLETE',
    rows: ['service.pml | REPLY_BEFORE_COMPLETE'],
    what: 'The reply is published before it is recorded; with a transaction, before the commit.',
    patches: [
      {
        file: 'lib/service/consumer/run-handler.ts',
        find: 'return recordAnswer(job, { state: answer.state, reply }, deps);',
        plant: "if (PLANTED && answer.state === 'DONE') await deps.replies.publish(reply);\n  ORIGINAL",
      },
      {
        file: 'lib/service/consumer/transaction-run.ts',
        find: 'const written = await records.write(command.id, fenced.write, mine.revision);',
        plant: 'if (PLANTED && fenced.reply !== undefined) await deps.replies.publish(fenced.reply);\n  ORIGINAL',
      },
    ],
  },
  {
    name: 'COMPLETE_UNFENCED',
    rows: ['service.pml | COMPLETE_UNFENCED'],
    scenario: 'worklist',
    what: 'A worker that has lost its lease overwrites the record with its reply.',
    patches: [
      {
        file: RECORD,
        find: "export function complete(record: CommandRecord | undefined, token: string, state: 'DONE' | 'FAILED', reply: string): Fenced {\n  if (!mine(record, token)) return LOST;",
        plant:
          "export function complete(record: CommandRecord | undefined, token: string, state: 'DONE' | 'FAILED', reply: string): Fenced {\n  if (!mine(record, token) && !(PLANTED && record !== undefined)) return LOST;",
      },
    ],
  },
  {
    name: 'SETTLE_RUSH',
    rows: ['service.pml | SETTLE_RUSH'],
    what: 'Settling cancels a command that another worker runs under a valid lease.',
    patches: [
      {
        ...UNDER_A_LEASE,
        plant:
          "if (PLANTED && delivery.settling) return { kind: 'answer', outcome: 'cancelled', write: cancelledRecord(record.hash) };\n      ORIGINAL",
      },
    ],
  },
  {
    name: 'SETTLE_EXPIRED_TOMB',
    rows: ['service.pml | SETTLE_EXPIRED_TOMB'],
    what: 'Settling treats an expired lease as proof that the command had no effect.',
    patches: [
      {
        file: RECORD,
        find: 'const refused = settling && nothingHappened;',
        plant: 'const refused = settling && (PLANTED || nothingHappened);',
      },
    ],
  },
  {
    name: 'NEW_ID_AFTER_TIMEOUT',
    rows: ['service.pml | NEW_ID_AFTER_TIMEOUT', 'correctness.md | 65'],
    what: 'An attempt without a reply is repeated under a new command id.',
    patches: [
      {
        file: 'lib/core/issue.ts',
        find: 'command.attempt += 1;',
        plant: `if (PLANTED && run.steps.get(command.n)?.kind === 'call' && !command.settling) {
    const step = run.steps.get(command.n) as any;
    run.steps.delete(command.n);
    run.image.commands.delete(command.n);
    callAgain(run, step, command);
    return;
  }
  ORIGINAL`,
      },
    ],
  },
  {
    name: 'NOKEY',
    rows: ['service.pml | NOKEY'],
    what: 'A handler that runs again gets another idempotency key for its foreign system.',
    patches: [
      {
        file: 'lib/service/task.ts',
        find: 'this.commandId = `${keyPrefix}${command.id}`;',
        plant: 'this.commandId = `${keyPrefix}${command.id}${PLANTED && command.attempt > 1 ? `~${command.attempt}` : ``}`;',
      },
    ],
  },
  {
    name: 'TAKEOVER_ONCE',
    rows: ['service.pml | TAKEOVER_ONCE'],
    scenario: 'worklist',
    what: 'A command of class `once` whose worker has died is run again.',
    patches: [
      {
        file: RECORD,
        find: "const once = (record.once === true || delivery.effect === 'once') && maybeDone === true;",
        plant: "const once = !PLANTED && (record.once === true || delivery.effect === 'once') && maybeDone === true;",
      },
    ],
  },
  {
    name: 'UNKNOWN_AS_FAILED',
    rows: ['service.pml | UNKNOWN_AS_FAILED'],
    what: 'The process treats `unknown` as a failure, and retries under a new command id.',
    patches: [
      {
        file: 'lib/core/replies.ts',
        find: "if (fact.outcome === 'unknown') return unknownOutcome(run, command, fact);",
        plant: "if (PLANTED && fact.outcome === 'unknown') fact = { ...fact, outcome: 'failed', retryable: true };\n  ORIGINAL",
      },
    ],
  },
  {
    name: 'LATE_IGNORED',
    rows: ['service.pml | LATE_IGNORED'],
    what: 'A step that was cancelled, but has succeeded, is not undone.',
    patches: [
      {
        file: 'lib/core/replies.ts',
        find: "if (fact.outcome === 'completed' && step.undoable) undoBeside",
        plant: "if (!PLANTED && fact.outcome === 'completed' && step.undoable) undoBeside",
      },
    ],
  },
  {
    name: 'ACK_WITHOUT_FENCE',
    rows: ['service.pml | ACK_WITHOUT_FENCE'],
    scenario: 'worklist',
    what: 'A worker that has lost its lease deletes the message.',
    patches: [
      {
        file: 'lib/service/consumer/after-run.ts',
        find: "return fenced.kind === 'lost' ? endAsLost(job, deps.report) : replyWith(fenced.reply ?? reply);",
        plant: "if (PLANTED && fenced.kind === 'lost') return endWith('delete');\n  ORIGINAL",
      },
    ],
  },
  {
    name: 'ERROR_BY_HANDLER',
    rows: ['service.pml | ERROR_BY_HANDLER'],
    what: 'A handler that threw at an unknown point gets the reply `failed`.',
    patches: [
      {
        file: 'lib/service/consumer/run-handler.ts',
        find: "if ('thrown' in answer) return afterUnanswered(job, answer.thrown, deps);",
        plant: `if (PLANTED && 'thrown' in end && end.thrown !== OVERDUE && !isDeclared(end.thrown, job) && !flight.lost)
    return recordAnswer(job, { state: 'FAILED', reply: deps.replies.poisoned(job.command, 'it threw') }, deps);
  ORIGINAL`,
      },
    ],
  },
  {
    name: 'POISON_NO_RECORD',
    rows: ['service.pml | POISON_NO_RECORD'],
    scenario: 'worklist',
    what: 'A command that reaches the receive limit gets a reply, but no record, so a copy of it may still run.',
    patches: [{ file: RUNNER, find: 'if (!wasClaimed) {', plant: 'if (!wasClaimed && !PLANTED) {' }],
  },
  {
    name: 'POISON_COUNTS_GIVEN_BACK',
    rows: ['service.pml | POISON_COUNTS_GIVEN_BACK'],
    scenario: 'worklist',
    what: "Deliveries that met another worker's lease count towards the receive limit, and giving up does not wait for that lease.",
    elusive: 'Its only effect is a needless reply unknown, which is a correct reply; service.pml.',
    patches: [
      {
        ...UNDER_A_LEASE,
        plant: "if (PLANTED && delivery.mode === 'give-up') return { kind: 'give-up', claimed: true };\n      ORIGINAL",
      },
      {
        file: 'lib/service/consumer/message-returns.ts',
        find: 'if (message.receiveCount < RECEIVES_NEAR_MAX || sender === undefined || command === undefined) return seconds;',
        plant: 'if (PLANTED || message.receiveCount < RECEIVES_NEAR_MAX || sender === undefined || command === undefined) return seconds;',
      },
    ],
  },
];
