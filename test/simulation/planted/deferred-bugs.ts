import type { Patch, PlantedBug } from './planted-bug.ts';

const RECORD = 'lib/service/consumer/command-record.ts';
const TOKEN = 'lib/service/consumer/token-answer.ts';
const RUNNER = 'lib/service/consumer/command-runner.ts';

const REVOKING = {
  file: RECORD,
  find: "return record.state === 'REVOKED' ? { kind: 'revoke' } : { kind: 'revoke', write: revoked(record) };",
} as const;
const REVOKED_WITHOUT_A_WRITE: Patch = { ...REVOKING, plant: "if (PLANTED) return { kind: 'revoke' };\n  ORIGINAL" };

export const deferredBugs: readonly PlantedBug[] = [
  {
    name: 'EARLY_DROPPED',
    rows: ['deferred.pml | EARLY_DROPPED'],
    what: 'A reply by token that comes while the handler still runs is accepted and forgotten.',
    patches: [
      {
        file: TOKEN,
        find: "return { kind: 'accept', write: { ...body, early: reply } };",
        plant: "return PLANTED ? { kind: 'accept' } : { kind: 'accept', write: { ...body, early: reply } };",
      },
    ],
  },
  {
    name: 'EARLY_OVERLOOKED',
    rows: ['deferred.pml | EARLY_OVERLOOKED'],
    what: 'A handler that defers does not check whether the reply is there already.',
    patches: [
      {
        file: RECORD,
        find: 'export function defer(record: CommandRecord | undefined, token: string, now: number): Fenced {\n  if (!mine(record, token)) return LOST;\n  if (record.early !== undefined)',
        plant:
          'export function defer(record: CommandRecord | undefined, token: string, now: number): Fenced {\n  if (!mine(record, token)) return LOST;\n  if (!PLANTED && record.early !== undefined)',
      },
    ],
  },
  {
    name: 'CLAIM_DROPS_EARLY',
    rows: ['deferred.pml | CLAIM_DROPS_EARLY'],
    scenario: 'worklist',
    what: 'A worker that takes a command over drops the early reply that the record holds.',
    patches: [
      {
        file: RECORD,
        find: 'write: record.early === undefined ? claim',
        plant: 'write: PLANTED || record.early === undefined ? claim',
      },
    ],
  },
  {
    name: 'ONCE_FORGETS_EARLY',
    rows: ['deferred.pml | ONCE_FORGETS_EARLY'],
    scenario: 'worklist',
    what: 'A command of class `once` whose worker has died gets the reply `unknown`, although its reply by token was accepted.',
    patches: [
      {
        file: RECORD,
        find: "if (early !== undefined) return { kind: 'repeat',",
        plant: "if (early !== undefined && !(PLANTED && once)) return { kind: 'repeat',",
      },
      {
        file: TOKEN,
        find: 'if (record.token === undefined || (record.once === true && (record.leaseUntil ?? 0) <= now))',
        plant: 'if (!PLANTED && (record.token === undefined || (record.once === true && (record.leaseUntil ?? 0) <= now)))',
      },
    ],
  },
  {
    name: 'REVOKE_UNCONDITIONAL',
    rows: ['deferred.pml | REVOKE_UNCONDITIONAL'],
    scenario: 'worklist',
    what: 'A deferred command is revoked without a prior write that closes its token.',
    patches: [REVOKED_WITHOUT_A_WRITE],
  },
  {
    name: 'CANCEL_BEFORE_REVOKE',
    rows: ['deferred.pml | CANCEL_BEFORE_REVOKE'],
    scenario: 'worklist',
    what: "The handler's cancel runs before a write refuses further replies by token.",
    patches: [
      REVOKED_WITHOUT_A_WRITE,
      {
        file: RUNNER,
        find: 'await served?.cancel?.(input, createTask(job, service));\n        await store.write(command.id, tomb, revision);',
        plant: `await served?.cancel?.(input, createTask(job, service));
        const written = await store.write(command.id, tomb, revision);
        if (PLANTED && written.status === 'conflict' && written.current?.state !== 'TOMB') throw new Error('Another worker has replied meanwhile.');`,
      },
    ],
  },
  {
    name: 'TOMB_BEFORE_CANCEL',
    rows: ['deferred.pml | TOMB_BEFORE_CANCEL'],
    scenario: 'worklist',
    what: "A deferred command counts as cancelled before the handler's cancel has run.",
    patches: [{ ...REVOKING, plant: "if (PLANTED) return { kind: 'revoke', write: cancelledRecord(record.hash) };\n  ORIGINAL" }],
  },
  {
    name: 'SETTLE_DEFERS',
    rows: ['deferred.pml | SETTLE_DEFERS'],
    scenario: 'worklist',
    elusive: 'Too few seeds settle a command that is deferred; deferred.pml, test/core/retries.test.ts, test/service/consumer.test.ts.',
    what: 'A handler may defer a command that is being settled, and the process accepts that as the reply.',
    patches: [
      {
        file: 'lib/service/consumer/after-run.ts',
        find: 'if (delivery.settling) return decideAgain(',
        plant: 'if (!PLANTED && delivery.settling) return decideAgain(',
      },
      {
        file: 'lib/core/replies.ts',
        find: 'if (!command.settling) command.due = Math.min(deadlineOf(command), run.image.clock + (command.heartbeatMs ?? Infinity));',
        plant: 'if (PLANTED && command.settling) command.due = Infinity;\n    ORIGINAL',
      },
    ],
  },
  {
    name: 'TOKEN_PER_CLAIM',
    rows: ['deferred.pml | TOKEN_PER_CLAIM'],
    scenario: 'worklist',
    what: 'Each run of a handler has a token of its own, and the token of the run before is refused.',
    patches: [
      {
        file: 'lib/service/consumer/job.ts',
        find: 'export function createTask({ command, keyPrefix, served, flight, nonce, log }: Job, service: string, tx?: unknown): CommandTask {',
        plant:
          'export function createTask({ command, keyPrefix, served, flight, nonce, log, delivery }: Job, service: string, tx?: unknown): CommandTask {',
      },
      {
        file: 'lib/service/consumer/job.ts',
        find: 'return new CommandTask({ command, keyPrefix, service, errors: served?.errors, tx, abort: flight.abort, nonce, log, limited });',
        plant: `const task = new CommandTask({ command, keyPrefix, service, errors: served?.errors, tx, abort: flight.abort, nonce, log, limited });
  if (!PLANTED) return task;
  const { token } = task;
  return Object.defineProperty(task, 'token', { value: token + '~' + delivery.token });`,
      },
      {
        file: 'lib/service/consumer/deferred-answer.ts',
        find: 'const { service, commandId, nonce } = readTaskToken(input.token);',
        plant: `const [told, claim] = PLANTED ? input.token.split('~') : [input.token];
  const { service, commandId, nonce } = readTaskToken(told);`,
      },
      {
        file: 'lib/service/consumer/deferred-answer.ts',
        find: 'reply ??= await replyOf(record, input.answer, deps);',
        plant: `if (PLANTED && record?.token !== undefined && record.token !== claim) throw refusal('closed', commandId);
    ORIGINAL`,
      },
      {
        file: RECORD,
        find: "write: { state: 'DEFERRED', hash, command, beatAt: now, ...(nonce !== undefined && { nonce }) }",
        plant:
          "write: { state: 'DEFERRED', hash, command, beatAt: now, ...(nonce !== undefined && { nonce }), ...(PLANTED && { token: record.token }) }",
      },
    ],
  },
  {
    name: 'ANSWER_NOT_REPEATED',
    rows: ['deferred.pml | ANSWER_NOT_REPEATED'],
    scenario: 'worklist',
    what: 'A reply by token is confirmed although the bus has not accepted it, so its sender does not repeat it.',
    patches: [
      {
        file: 'lib/service/consumer/deferred-answer.ts',
        find: "if (result?.status === 'published') return;",
        plant: "if (PLANTED || result?.status === 'published') return;",
      },
    ],
  },
  {
    name: 'EXHAUSTED_NOT_SETTLED',
    rows: ['deferred.pml | EXHAUSTED_NOT_SETTLED'],
    what: 'At the end of `retry.within` the step is rejected before the outcome of its command is definite.',
    patches: [
      {
        file: 'lib/core/apply.ts',
        find: 'return attemptTimedOut(run, fact.n);',
        plant: `if (PLANTED) {
        const command = run.image.commands.get(fact.n);
        if (command?.mode === 'call' && !command.settling && (command.deferred || run.image.clock >= (command.deadline ?? Infinity)))
          return applyReply(run, { ...fact, type: 'CommandAnswered', outcome: 'cancelled' });
      }
      ORIGINAL`,
      },
    ],
  },
];
