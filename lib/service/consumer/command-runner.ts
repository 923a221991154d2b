import assert from 'node:assert';
import { parseEnvelope } from '../../contract/wire/wire.ts';
import type { CommandEnvelope, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import { afterFailedCancel } from './after-run.ts';
import { cancelledRecord, claimed } from './command-record.ts';
import { decideCommand, type Decision } from './decide-command.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import type { InFlight } from './in-flight.ts';
import { HOLD_SECONDS } from './redelivery.ts';
import { createJob, createTask, prepareJob, type Job } from './job.ts';
import { loadInput } from './load-input.ts';
import { MessageReturns, type Disposal } from './message-returns.ts';
import { decideAgain, endAsLost, endWith, noticeOn, replyWith, type NextStep, type ReplyStep } from './next-step.ts';
import { runHandler } from './run-handler.ts';
import { endText, type Runs } from './run-limits.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';
import type { TransactionalRecords } from '../store.ts';
import { runTransaction } from './transaction-run.ts';

/** A wait that is no longer than this takes place in the worker, if its queue counts in whole seconds. */
const WAIT_HERE_MS = 2_000;

const NO_RUNS: Runs = { failures: 0 };

/**
 * Handles one delivered command. In: a message in flight. Out: the consumer's action on the message.
 * Trunk: `#read` makes a job of the message → `#begin` claims a new command, or `decideCommand` decides on a recorded one → `#act` on the
 * verdict, mostly by `runHandler` → the reply is recorded → `#publish`. An action may ask for another decision.
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
      this.#fault(flight, cause);
      await this.#freePlace(flight);
      return this.#returns.backOff(flight.message, flight.command);
    } finally {
      flight.end();
    }
  }

  async #handle(flight: InFlight): Promise<Disposal> {
    const command = (flight.command = this.#parse(flight));
    if (command === undefined) return this.#returns.toDeadLetters(flight.message);
    const loaded = loadInput(command, this.#deps.payloads);
    const data = loaded instanceof Promise ? await loaded : loaded;
    const job = createJob({ flight, command, data, token: `${this.#deps.worker}:${++this.#claims}` }, this.#deps);
    if (job.served?.prepare !== undefined) await prepareJob(job, this.#deps);
    let next = await this.#begin(job);
    while (next.kind === 'decide') next = await this.#act(job, await decideCommand(job, next, this.#deps));
    const freed = flight.place && this.#freePlace(flight);
    const disposal = next.kind === 'reply' ? await this.#publish(job, next) : next.disposal;
    await freed;
    return disposal;
  }

  /** If the store fails, the place lapses. */
  async #freePlace(flight: InFlight): Promise<void> {
    const { place } = flight;
    flight.place = undefined;
    await place?.free().catch((cause: unknown) => this.#fault(flight, cause));
  }

  #fault({ message, command }: InFlight, cause: unknown): void {
    const fault = { kind: 'fault', messageId: message.messageId, message: `A port failed: ${thrownText(cause)}`, cause } as const;
    this.#deps.report(command === undefined ? fault : { ...fault, commandId: command.id });
  }

  /** Returns undefined, with a notice, for a message that is no command. */
  #parse({ message }: InFlight): CommandEnvelope | undefined {
    const parsed = parseEnvelope(message.body);
    if (parsed.kind === 'command') return parsed.envelope;
    const fault = parsed.kind === 'malformed' ? parsed.fault : `expected a command, got a message of kind ${parsed.kind}`;
    this.#deps.report({ kind: 'malformed', messageId: message.messageId, message: `A message was refused: ${fault}.` });
    return undefined;
  }

  /** A first delivery usually has no record, so it writes the claim without a read. A redelivery usually has one. */
  async #begin(job: Job): Promise<NextStep> {
    const { command, message, delivery } = job;
    const { store } = this.#deps;
    const again = message.receiveCount > 1 || command.attempt > 1;
    if (again || delivery.mode !== 'run' || delivery.settling) return decideAgain(await store.read(command.id));
    if (job.served?.limits !== undefined) return decideAgain(undefined);
    const claim = claimed(delivery);
    if (delivery.effect === 'transaction') return runTransaction(job, { claim, found: undefined }, this.#deps);
    const written = await store.write(command.id, claim, 'absent');
    return written.status === 'written' ? await runHandler(job, { claim, revision: 1 }, this.#deps) : decideAgain(written.current);
  }

  /** Acts on a verdict whose write is complete. */
  #act(job: Job, { verdict, found, revision }: Decision): NextStep | Promise<NextStep> {
    const { replies } = this.#deps;
    switch (verdict.kind) {
      case 'run': {
        const claim = verdict.write;
        if (job.delivery.effect === 'transaction') return runTransaction(job, { claim, found }, this.#deps);
        return runHandler(job, { claim, revision: claim.early === undefined ? revision : 0 }, this.#deps);
      }
      case 'answer':
        if (verdict.outcome !== 'unknown') return replyWith(replies.bare(job.command, verdict.outcome, verdict.runs));
        this.#deps.report(noticeOn(job, 'gave-up', endText(job, verdict.runs)));
        return replyWith(replies.unknown(job.command, verdict.runs ?? NO_RUNS));
      case 'repeat':
        if (verdict.runs !== undefined) this.#deps.report(noticeOn(job, 'gave-up', endText(job, verdict.runs)));
        return replyWith(verdict.reply);
      case 'revoke':
        return this.#revoke(job, revision);
      case 'wait':
        return this.#wait(job, verdict.until);
      case 'pause':
        if (job.served?.limits !== undefined) return this.#untilTurn(job, verdict.until);
        return this.#giveBack(job, verdict.until - this.#deps.clock.now());
      case 'limited':
        return this.#admit(job, found);
      case 'hold':
        return this.#giveBack(job, HOLD_SECONDS * 1000);
      case 'give-up':
        return this.#giveUp(job, verdict.claimed, verdict.runs);
      case 'refuse':
        return this.#refuse(job);
      case 'lost':
        return endAsLost(job, this.#deps.report);
      case 'outrun':
        return endWith(1);
    }
  }

  async #giveBack({ message, command }: Job, milliseconds: number): Promise<NextStep> {
    return endWith(await this.#returns.giveBack(message, command, milliseconds));
  }

  async #admit(job: Job, found: CommandRecord | undefined): Promise<NextStep> {
    const limiter = await this.#deps.limiter?.();
    assert(limiter, 'the consumer has a limiter if a command has limits');
    const { admitRun } = await import('./limits/admit-run.ts');
    const admitted = await admitRun(job, found, limiter, this.#deps);
    return admitted.kind === 'wait' ? this.#untilTurn(job, admitted.until) : admitted;
  }

  /**
   * Returns the message until the turn of its command. A queue that counts in whole seconds shows it up to a second early: this worker then
   * waits for the rest, because a late worker would lose the reserved time.
   */
  async #untilTurn(job: Job, until: number): Promise<NextStep> {
    const { clock, store, wholeSeconds } = this.#deps;
    const { flight, message, command } = job;
    const leftMs = until - clock.now();
    if (!wholeSeconds || leftMs > WAIT_HERE_MS)
      return endWith(await this.#returns.giveBackUntil(message, command, wholeSeconds ? Math.floor(leftMs / 1000) - 1 : leftMs / 1000));
    await clock.sleep(leftMs, flight.ended);
    if (flight.stopping || flight.lost) return endWith(1);
    job.delivery = { ...job.delivery, now: clock.now() };
    return decideAgain(await store.read(command.id));
  }

  /** Another worker has the lease, so the message is returned until the lease ends. A settling delivery aborts a run in this worker. */
  #wait(job: Job, until: number): Promise<NextStep> {
    const { inFlight, clock } = this.#deps;
    if (job.delivery.settling) {
      for (const other of inFlight) if (other.command?.id === job.command.id && other !== job.flight) other.settle();
    }
    return this.#giveBack(job, Math.max(1, until - clock.now()));
  }

  /**
   * Runs the handler's `cancel`, then writes TOMB. After REVOKED only TOMB can follow, so a conflict means that another worker wrote it.
   */
  async #revoke(job: Job, revision: number): Promise<NextStep> {
    const { command, served, delivery, input } = job;
    const { store, service, transactional } = this.#deps;
    const tomb = cancelledRecord(command.datahash);
    try {
      if (delivery.effect === 'transaction') {
        await (transactional as TransactionalRecords).transact(async (tx, records) => {
          await served?.cancel?.(input, createTask(job, service, tx));
          await records.write(command.id, tomb, revision);
        });
      } else {
        await served?.cancel?.(input, createTask(job, service));
        await store.write(command.id, tomb, revision);
      }
    } catch (error) {
      return afterFailedCancel(job, error, this.#deps);
    }
    return replyWith(this.#deps.replies.bare(command, 'cancelled'));
  }

  /** The command is unreadable or was received too often. `wasClaimed`: an earlier run may have had its effect (R10). */
  async #giveUp(job: Job, wasClaimed: boolean, runs: Runs = NO_RUNS): Promise<NextStep> {
    const { command, message } = job;
    const { replies, store } = this.#deps;
    const why = job.reason === '' ? `it was received ${message.receiveCount} times without an answer` : job.reason;
    this.#deps.report(noticeOn(job, 'gave-up', `${command.type} was given up: ${why}`));
    const lastError = runs.lastError ?? { code: 'POISON', message: why };
    const reply = wasClaimed ? replies.unknown(command, { ...runs, lastError }) : replies.poisoned(command, why);
    if (!wasClaimed) {
      // A copy of the command may arrive later, and must not run after this reply.
      const written = await store.write(command.id, { state: 'FAILED', hash: command.datahash, reply }, 'absent');
      if (written.status === 'conflict') return decideAgain(written.current);
    }
    return replyWith(reply, await this.#returns.toDeadLetters(message));
  }

  /** Replies `unknown`, so that the sender does not wait indefinitely. An operator must find out why the process used the id twice. */
  async #refuse(job: Job): Promise<NextStep> {
    const { command, message } = job;
    const difference = `its datahash ${command.datahash} differs from that of the recorded command`;
    this.#deps.report(noticeOn(job, 'id-reused', `${command.id} was refused: ${difference}.`));
    const lastError = { code: 'ID_REUSED', message: 'The id of the command was used before with another datahash.' };
    const moved = await this.#returns.toDeadLetters(message);
    return replyWith(this.#deps.replies.unknown(command, { failures: 0, lastError }), moved);
  }

  #observeReply({ command }: Job, reply: string): void {
    const { instrumentation, clock } = this.#deps;
    if (!instrumentation?.answer) return;
    const { outcome } = JSON.parse(reply) as ReplyEnvelope;
    instrumentation.answer({ commandId: command.id, command: command.type, outcome, at: clock.now() });
  }

  /** If the bus refuses the reply, the redelivery publishes it again from the record. */
  async #publish(job: Job, { reply, type, disposal }: ReplyStep): Promise<Disposal> {
    const { replies } = this.#deps;
    const result = await (type === undefined ? replies.publish(reply) : replies.publishAs(type, reply));
    if (result.status === 'published') {
      this.#observeReply(job, reply);
      return disposal;
    }
    const remedy = 'it is published again when the message is redelivered';
    this.#deps.report(noticeOn(job, 'fault', `The bus did not accept the reply (${result.reason}): ${remedy}.`));
    return this.#returns.backOff(job.message, job.command);
  }
}
