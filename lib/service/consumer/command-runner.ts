import { isOrchestratorError } from '../../contract/errors.ts';
import { parseEnvelope } from '../../contract/wire/parse-envelope.ts';
import { parse, type Json } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { PublishResult } from '../../ports/event-publisher.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import {
  answeredRecord,
  claimed,
  complete,
  defer,
  cancelledRecord,
  claim,
  type ClaimRequest,
  type Fenced,
  type RecordBody,
  type ClaimVerdict,
} from './command-record.ts';
import { failureData, isDeclared } from './declared-failure.ts';
import type { InFlight, ServiceNotice } from './in-flight.ts';
import { HOLD_SECONDS } from './redelivery.ts';
import { createJob, type Job } from './job.ts';
import { loadInput } from './load-input.ts';
import { MessageReturns, type Disposal } from './message-returns.ts';
import { endCancel, endRun, endTransaction, type Ended } from './run-end.ts';
import { lastErrorFrom, runEndOf } from './run-error.ts';
import { endText, type Runs } from './run-limits.ts';
import { OVERDUE, watchTime } from './run-time.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';
import type { ServedCommand } from '../served.ts';
import type { TransactionalRecords } from '../store.ts';
import { CommandTask, isDeferred } from '../task.ts';
import { runInTransaction, type Committed } from './transaction-run.ts';

type Rule = (record: CommandRecord | undefined, delivery: ClaimRequest) => Ended;
/** A verdict whose write is complete. */
type Written =
  | Exclude<ClaimVerdict, { kind: 'exhausted' | 'repeat' }>
  | (Extract<ClaimVerdict, { kind: 'repeat' }> & { readonly runs?: Runs });

const NO_RUNS: Runs = { failures: 0 };
const LOST_MESSAGE = 'The lease was lost while the handler ran, so its answer is dropped.';
/** Most decisions on one delivery, one after each write that lost against another worker. */
const CONFLICTS_MAX = 8;

/**
 * Handles one delivered command. In: a message in flight. Out: what the consumer does with the message.
 * Trunk: parse the envelope → `createJob` (lib/service/consumer/job.ts) → a verdict of lib/service/consumer/command-record.ts → write it →
 * run the handler → record the answer → publish the reply.
 */
export class CommandRunner {
  readonly #deps: RunnerDependencies;
  readonly #returns: MessageReturns;
  #claims = 0;

  constructor(dependencies: RunnerDependencies) {
    this.#deps = dependencies;
    this.#returns = new MessageReturns(dependencies);
  }

  /** Never rejects: if a port fails, the message is returned with backoff. */
  async handle(flight: InFlight): Promise<Disposal> {
    try {
      return await this.#handle(flight);
    } catch (cause) {
      const { message, command } = flight;
      const fault = { kind: 'fault', messageId: message.messageId, message: `A port failed: ${thrownText(cause)}`, cause } as const;
      this.#deps.report(command === undefined ? fault : { ...fault, commandId: command.id });
      return this.#returns.backOff(message, command);
    } finally {
      flight.end();
    }
  }

  async #handle(flight: InFlight): Promise<Disposal> {
    const { message } = flight;
    const parsed = parseEnvelope(message.body);
    if (parsed.kind !== 'command') {
      const fault = parsed.kind === 'malformed' ? parsed.fault : `expected a command, got a message of kind ${parsed.kind}`;
      this.#deps.report({ kind: 'malformed', messageId: message.messageId, message: `A message was refused: ${fault}.` });
      return this.#returns.toDeadLetters(message);
    }
    const command = (flight.command = parsed.envelope);
    const data = await loadInput(command, this.#deps.payloads);
    const job = createJob({ flight, command, data, token: `${this.#deps.worker}:${++this.#claims}` }, this.#deps);
    const { delivery } = job;
    // A first delivery usually has no record, so it writes the claim without a read. A redelivery usually has one.
    const again = message.receiveCount > 1 || command.attempt > 1;
    if (again || delivery.mode !== 'run' || delivery.settling) return this.#decide(job, await this.#deps.store.read(command.id));
    if (delivery.effect === 'transaction') return this.#runInTransaction(job, claimed(delivery), undefined);
    const body = claimed(delivery);
    const claim = await this.#deps.store.write(command.id, body, 'absent');
    if (claim.status === 'conflict') return this.#decide(job, claim.current);
    return this.#run(job, body, 1);
  }

  /** Gets a verdict, writes it, and acts on it. If the write loses against another worker, decides again on the current record. */
  async #decide(job: Job, found: CommandRecord | undefined, rule: Rule = claim): Promise<Disposal> {
    let record = found;
    for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
      job.nonce = record?.nonce ?? job.delivery.nonce;
      const ended = rule(record, job.delivery);
      if (ended.kind === 'lost') return this.#lost(job);
      const verdict = ended.kind === 'exhausted' ? this.#exhausted(job, ended.runs) : ended;
      if (verdict.kind === 'run' && job.delivery.effect === 'transaction') return this.#runInTransaction(job, verdict.write, record);
      const write = 'write' in verdict ? verdict.write : undefined;
      if (write === undefined) return this.#act(job, verdict, record?.revision ?? 0);
      const expected = record?.revision ?? 'absent';
      const written = await this.#deps.store.write(job.command.id, write, expected);
      if (written.status === 'written') return this.#act(job, verdict, expected === 'absent' ? 1 : expected + 1);
      record = written.current;
    }
    return 1;
  }

  /** The limits are used up without an effect. The failure is recorded, so that no later copy runs the command. */
  #exhausted({ command }: Job, runs: Runs): Written {
    const reply = this.#deps.replies.exhausted(command, runs);
    return { kind: 'repeat', reply, runs, write: { state: 'FAILED', hash: command.datahash, reply } };
  }

  async #act(job: Job, verdict: Written, revision: number): Promise<Disposal> {
    const { replies } = this.#deps;
    switch (verdict.kind) {
      case 'run':
        return this.#run(job, verdict.write, verdict.write.early === undefined ? revision : 0);
      case 'answer':
        if (verdict.outcome !== 'unknown') return this.#answer(job, replies.bare(job.command, verdict.outcome, verdict.runs));
        this.#report(job, 'gave-up', endText(job, verdict.runs));
        return this.#answer(job, replies.unknown(job.command, verdict.runs ?? NO_RUNS));
      case 'repeat':
        if (verdict.runs !== undefined) this.#report(job, 'gave-up', endText(job, verdict.runs));
        return this.#answer(job, verdict.reply);
      case 'pause':
        return this.#pause(job, verdict.until);
      case 'revoke':
        return this.#revoke(job, revision);
      case 'wait':
        return this.#wait(job, verdict.until);
      case 'hold':
        return this.#returns.giveBack(job.message, job.command, HOLD_SECONDS * 1000);
      case 'give-up':
        return this.#giveUp(job, verdict.claimed, verdict.runs);
      case 'refuse':
        return this.#refuse(job);
    }
  }

  async #run(job: Job, claim: RecordBody, revision: number): Promise<Disposal> {
    const served = job.served as ServedCommand;
    const { flight, delivery } = job;
    flight.token = delivery.token;
    flight.claim = claim;
    flight.revision = revision;
    if (served.effect === 'once') await this.#deps.store.durable();
    let output: unknown;
    try {
      const overdue = watchTime(flight, delivery.policy.timeoutMs, this.#deps.clock);
      output = await Promise.race([served.run(job.input, this.#task(job, undefined)), overdue]);
    } catch (error) {
      flight.token = '';
      return this.#threw(job, error);
    }
    // From here on a heartbeat could only conflict with the write of the answer.
    flight.token = '';
    if (output === OVERDUE) return this.#retry(job, OVERDUE);
    if (isDeferred(output)) return this.#defer(job);
    let data: Json;
    try {
      data = parse(served.contract.output, output, served.outputWhat);
    } catch (error) {
      return this.#retry(job, error);
    }
    return this.#completeWith(job, 'DONE', () => this.#deps.replies.completed(job.command, served, data));
  }

  async #threw(job: Job, error: unknown): Promise<Disposal> {
    if (!isDeclared(error, job)) return this.#retry(job, error);
    let data: Json;
    try {
      data = failureData(error, job);
    } catch (invalid) {
      return this.#retry(job, invalid);
    }
    return this.#completeWith(job, 'FAILED', () => this.#deps.replies.failed(job.command, data));
  }

  /** A reply that is too large counts as a run without an answer. If the payload store fails, the message is redelivered. */
  async #completeWith(job: Job, state: 'DONE' | 'FAILED', replyOf: () => string | Promise<string>): Promise<Disposal> {
    let reply: string;
    try {
      const built = replyOf();
      reply = typeof built === 'string' ? built : await built;
    } catch (error) {
      if (isOrchestratorError(error) && error.code === 'DATA_TOO_LARGE') return this.#retry(job, error);
      throw error;
    }
    return this.#complete(job, state, reply);
  }

  #task(job: Job, tx: unknown): CommandTask {
    const { command, served, flight, nonce } = job;
    return new CommandTask({ command, service: this.#deps.service, errors: served?.errors, tx, abort: flight.abort, nonce });
  }

  async #complete(job: Job, state: 'DONE' | 'FAILED', reply: string): Promise<Disposal> {
    const { flight, command, delivery } = job;
    const written = await this.#deps.store.write(command.id, { state, hash: command.datahash, reply }, flight.revision);
    if (written.status === 'written') {
      const type = state === 'DONE' ? (job.served as ServedCommand).completedType : `${command.type}.failed`;
      return this.#published(job, await this.#deps.replies.publishAs(type, reply));
    }
    const said = await this.#fenced(job, written.current, (record) => complete(record, delivery.token, state, reply));
    return said === undefined ? 'leave' : this.#answer(job, said.reply ?? reply);
  }

  async #defer(job: Job): Promise<Disposal> {
    const { command, delivery } = job;
    const current = await this.#deps.store.read(command.id);
    const said = await this.#fenced(job, current, (record) => defer(record, delivery.token, this.#deps.clock.now()));
    return said === undefined ? 'leave' : this.#deferred(job, said.reply);
  }

  /** A settling delivery needs a definite outcome, so after a deferral it decides again, on the record DEFERRED. */
  async #deferred(job: Job, early: string | undefined): Promise<Disposal> {
    if (early !== undefined) return this.#answer(job, early);
    if (job.delivery.settling) return this.#decide(job, await this.#deps.store.read(job.command.id));
    return this.#answer(job, this.#deps.replies.bare(job.command, 'deferred'));
  }

  /** Writes under this worker's fencing token, again after each concurrent write. Undefined: the lease is lost. */
  async #fenced(
    job: Job,
    current: CommandRecord | undefined,
    decide: (record: CommandRecord | undefined) => Fenced,
  ): Promise<{ readonly reply?: string } | undefined> {
    let record = current;
    for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
      const fenced = decide(record);
      if (fenced.kind === 'lost') break;
      const written = await this.#deps.store.write(job.command.id, fenced.write, (record as CommandRecord).revision);
      if (written.status === 'written') return fenced;
      record = written.current;
    }
    this.#report(job, 'lease-lost', LOST_MESSAGE);
    return undefined;
  }

  #lost(job: Job): Disposal {
    this.#report(job, 'lease-lost', LOST_MESSAGE);
    return 'leave';
  }

  /** Records a run without an answer, and pauses or ends the command. */
  async #retry(job: Job, thrown: unknown): Promise<Disposal> {
    const { flight, command, delivery } = job;
    if (flight.lost) return 'leave';
    const end = runEndOf(thrown, flight);
    // A handler that ends because its signal aborted did not fail.
    const heeded = flight.stopping || (flight.settled && (end.how === 'not-done' || flight.abort.caused(thrown)));
    if (thrown === OVERDUE) this.#report(job, 'handler-failed', end.error.message);
    else if (!heeded) this.#report(job, 'handler-failed', thrownText(thrown), thrown);
    job.delivery = { ...delivery, now: this.#deps.clock.now() };
    if (delivery.effect === 'transaction') return this.#decide(job, job.found, (record, at) => endTransaction(record, at, end));
    const { claim, revision } = flight;
    const known = claim === undefined || revision === 0 ? await this.#deps.store.read(command.id) : { ...claim, revision };
    return this.#decide(job, known, (record, at) => endRun(record, at, end));
  }

  async #runInTransaction(job: Job, claim: RecordBody, found: CommandRecord | undefined): Promise<Disposal> {
    const { command, flight } = job;
    const transactional = this.#deps.transactional as TransactionalRecords;
    const expected = found?.revision ?? 'absent';
    job.found = found;
    let said: Committed;
    try {
      // A transaction cannot be taken from the handler that uses it, so the timeout only aborts the signal.
      void watchTime(flight, job.delivery.policy.timeoutMs, this.#deps.clock);
      said = await transactional.transact((tx, records) =>
        runInTransaction({ job, claim, expected, task: this.#task(job, tx), records }, this.#deps),
      );
    } catch (error) {
      if (!isDeclared(error, job)) return this.#retry(job, error);
      // The handler's writes are rolled back, so the failure is recorded in a write of its own.
      const reply = found?.early ?? (await this.#deps.replies.failed(command, failureData(error, job)));
      const written = await this.#deps.store.write(command.id, answeredRecord(command.datahash, reply), expected);
      return written.status === 'written' ? this.#answer(job, reply) : this.#decide(job, written.current);
    }
    if (said.kind === 'conflict') return this.#decide(job, said.current);
    return said.kind === 'answered' ? this.#answer(job, said.reply) : this.#deferred(job, undefined);
  }

  async #revoke(job: Job, revision: number): Promise<Disposal> {
    const { command } = job;
    try {
      await this.#cancel(job, revision);
    } catch (error) {
      this.#report(job, 'handler-failed', thrownText(error), error);
      job.delivery = { ...job.delivery, now: this.#deps.clock.now() };
      const current = await this.#deps.store.read(command.id);
      return this.#decide(job, current, (record, at) => endCancel(record, at, lastErrorFrom(error)));
    }
    return this.#answer(job, this.#deps.replies.bare(command, 'cancelled'));
  }

  /**
   * Runs the handler's `cancel`, then writes TOMB. After REVOKED only TOMB can follow, so a conflict means that another worker wrote it.
   */
  async #cancel(job: Job, revision: number): Promise<void> {
    const { command, served, delivery, input } = job;
    const tomb = cancelledRecord(command.datahash);
    if (delivery.effect === 'transaction') {
      await (this.#deps.transactional as TransactionalRecords).transact(async (tx, records) => {
        await served?.cancel?.(input, this.#task(job, tx));
        await records.write(command.id, tomb, revision);
      });
      return;
    }
    await served?.cancel?.(input, this.#task(job, undefined));
    await this.#deps.store.write(command.id, tomb, revision);
  }

  /** Another worker has the lease, so the message is returned until the lease ends. A settling delivery aborts a run in this worker. */
  async #wait(job: Job, until: number): Promise<Disposal> {
    const { inFlight, clock } = this.#deps;
    const { message, command } = job;
    if (job.delivery.settling) {
      for (const other of inFlight) if (other.command?.id === command.id && other !== job.flight) other.settle();
    }
    return this.#returns.giveBack(message, command, Math.max(1, until - clock.now()));
  }

  /** The next run is not due yet. */
  #pause({ message, command }: Job, until: number): Promise<Disposal> {
    return this.#returns.giveBack(message, command, until - this.#deps.clock.now());
  }

  async #giveUp(job: Job, wasClaimed: boolean, runs: Runs = NO_RUNS): Promise<Disposal> {
    const { command, message } = job;
    const why = job.reason === '' ? `it was received ${message.receiveCount} times without an answer` : job.reason;
    this.#report(job, 'gave-up', `${command.type} was given up: ${why}`);
    const { replies, store } = this.#deps;
    const lastError = runs.lastError ?? { code: 'POISON', message: why };
    const reply = wasClaimed ? replies.unknown(command, { ...runs, lastError }) : replies.poisoned(command, why);
    if (!wasClaimed) {
      // A copy of the command may arrive later, and must not run after this answer.
      const written = await store.write(command.id, { state: 'FAILED', hash: command.datahash, reply }, 'absent');
      if (written.status === 'conflict') return this.#decide(job, written.current);
    }
    const moved = await this.#returns.toDeadLetters(message);
    const disposal = await this.#answer(job, reply);
    return disposal === 'delete' ? moved : disposal;
  }

  /** Replies `unknown`, so that the sender does not wait indefinitely. An operator must find out why the process used the id twice. */
  async #refuse(job: Job): Promise<Disposal> {
    const { command, message } = job;
    this.#report(
      job,
      'id-reused',
      `${command.id} was refused: its datahash ${command.datahash} differs from that of the recorded command.`,
    );
    const moved = await this.#returns.toDeadLetters(message);
    const lastError = { code: 'ID_REUSED', message: 'The id of the command was used before with another datahash.' };
    const disposal = await this.#answer(job, this.#deps.replies.unknown(command, { failures: 0, lastError }));
    return disposal === 'delete' ? moved : disposal;
  }

  async #answer(job: Job, reply: string): Promise<Disposal> {
    return this.#published(job, await this.#deps.replies.publish(reply));
  }

  /** If the bus refused the reply, the redelivery publishes it again from the record. */
  #published(job: Job, result: PublishResult): Disposal | Promise<Disposal> {
    if (result.status === 'published') return 'delete';
    this.#report(
      job,
      'fault',
      `The bus did not accept the reply (${result.reason}): it is published again when the message is redelivered.`,
    );
    const { message, command } = job;
    return this.#returns.backOff(message, command);
  }

  #report(job: Job, kind: ServiceNotice['kind'], message: string, cause?: unknown): void {
    this.#deps.report({ kind, messageId: job.message.messageId, commandId: job.command.id, message, cause });
  }
}
