import type { CommandEnvelope, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { ClientError } from '../../contract/errors.ts';
import type { CommandContract, ServiceContract } from '../../contract/runtime-contract.ts';
import { type Json, type Schema, parse, versionOf } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventPublisher } from '../../ports/event-publisher.ts';
import type { CommandRecord, IdempotencyStore } from '../../ports/idempotency-store.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import { answerRecord, beat, isGenuine } from './token-answer.ts';
import { buildReply, replyEvent } from './reply.ts';
import { invalidToken, readTaskToken } from '../task-token.ts';

/** A reply by task token. `command` is the name of the command that the caller expects the token to have. */
export type DeferredAnswer =
  | { readonly kind: 'complete'; readonly command: string; readonly output: unknown }
  | {
      readonly kind: 'fail';
      readonly command: string;
      readonly failure: { readonly type: string; readonly message: string; readonly data: unknown };
    }
  | { readonly kind: 'heartbeat' };

export interface DeferredAnswerDependencies {
  /** The service that the token names, see `readTaskToken`. */
  readonly service: ServiceContract;
  /** The records of that service. */
  readonly store: IdempotencyStore;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly clock: Clock;
}

const CONFLICTS_MAX = 8;

/**
 * Replies to a command by its task token, even before its handler has deferred (an early reply). Resolves when the reply is recorded and
 * published; an early reply is only recorded, and its worker publishes it. A repetition of the same reply succeeds. Throws `ClientError`:
 * `TOKEN_INVALID` for a token that belongs to no such command, `ALREADY_USED` if another reply was accepted before, `CLOSED` if the
 * command was cancelled, `UNREACHABLE` if the caller must repeat the reply.
 */
export async function answerDeferred(
  input: { readonly token: string; readonly answer: DeferredAnswer },
  deps: DeferredAnswerDependencies,
): Promise<void> {
  const { service, commandId, nonce } = readTaskToken(input.token);
  if (service !== deps.service.name) throw invalidToken(`it belongs to the service ${service}, not to ${deps.service.name}`);
  let record = await deps.store.read(commandId);
  let reply: string | undefined;
  for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
    if (!isGenuine(record, nonce)) throw refusal('absent', commandId);
    reply ??= await replyOf(record, input.answer, deps);
    const verdict =
      input.answer.kind === 'heartbeat' ? beat(record, deps.clock.now()) : answerRecord(record, reply ?? '', deps.clock.now());
    if (verdict.kind !== 'accept') throw refusal(verdict.kind, commandId);
    if (verdict.write === undefined) return publish(verdict.reply, deps);
    const written = await deps.store.write(commandId, verdict.write, (record as CommandRecord).revision);
    if (written.status === 'written') {
      await deps.store.durable();
      return publish(input.answer.kind === 'heartbeat' ? reply : verdict.reply, deps);
    }
    record = written.current;
  }
  throw new ClientError(
    'UNREACHABLE',
    `The answer to ${commandId} lost against ${CONFLICTS_MAX} concurrent writes: expected fewer at a time. It was not recorded.`,
  );
}

function refusal(kind: 'used' | 'closed' | 'absent', commandId: string): ClientError {
  if (kind === 'absent') return invalidToken('it belongs to no command of this service');
  if (kind === 'used') {
    return new ClientError('ALREADY_USED', `${commandId} already has another answer: expected the same answer or none.`, {
      remedy: 'Look at the answer that was accepted: it is definite.',
    });
  }
  return new ClientError('CLOSED', `${commandId} was cancelled or has ended: expected an open task.`, {
    remedy: 'Take the task off the worklist.',
  });
}

async function publish(reply: string | undefined, deps: DeferredAnswerDependencies): Promise<void> {
  if (reply === undefined) return;
  const [result] = await deps.publisher.publish([replyEvent(reply)]);
  if (result?.status === 'published') return;
  throw new ClientError(
    'UNREACHABLE',
    `The bus did not accept an answer (${result?.reason ?? 'no result'}): it is recorded, and is published when the caller repeats it.`,
    {
      remedy: 'Repeat the same answer.',
    },
  );
}

/** Returns the reply envelope of this request, or undefined if the record has neither a command nor a reply. */
async function replyOf(
  record: CommandRecord | undefined,
  answer: DeferredAnswer,
  deps: DeferredAnswerDependencies,
): Promise<string | undefined> {
  const command = record === undefined ? undefined : commandOf(record, answer);
  if (command === undefined) return undefined;
  const service = deps.service.name;
  const time = new Date(deps.clock.now()).toISOString();
  // A heartbeat publishes the `deferred` reply again.
  if (answer.kind === 'heartbeat') return buildReply(command, { service, outcome: 'deferred', data: null, time }, deps.payloads);
  if (command.type !== answer.command) throw invalidToken(`it belongs to a task of ${command.type}, not of ${answer.command}`);
  const { contract, data } = dataOf(answer, deps);
  if (answer.kind === 'fail') return buildReply(command, { service, outcome: 'failed', data, time }, deps.payloads);
  const type = contract.outputEvent ?? `${command.type}.completed`;
  return buildReply(command, { service, type, outcome: 'completed', data, dataversion: versionOf(contract.output), time }, deps.payloads);
}

/** The record of an ended command has only its reply, which contains the members of the command that another reply copies. */
function commandOf(record: CommandRecord, answer: DeferredAnswer): CommandEnvelope | undefined {
  if (record.command !== undefined) return JSON.parse(record.command) as CommandEnvelope;
  if (record.reply === undefined || answer.kind === 'heartbeat') return undefined;
  const reply = JSON.parse(record.reply) as ReplyEnvelope;
  return { ...reply, id: reply.commandid, type: answer.command, datahash: reply.commandhash };
}

function dataOf(
  answer: Exclude<DeferredAnswer, { kind: 'heartbeat' }>,
  deps: DeferredAnswerDependencies,
): { readonly contract: CommandContract; readonly data: Json } {
  const contract = deps.service.commands.get(answer.command);
  if (contract === undefined) throw invalidToken(`${answer.command} is not a command of ${deps.service.name}`);
  if (answer.kind === 'complete') return { contract, data: parse(contract.output, answer.output, `${answer.command} was completed with`) };
  const { type, message, data } = answer.failure;
  const schema: Schema | undefined = Object.hasOwn(contract.errors, type) ? contract.errors[type] : undefined;
  if (schema === undefined) {
    throw invalidToken(`${answer.command} declares no error ${type}, only ${Object.keys(contract.errors).join(', ') || 'none'}`);
  }
  // A caller without types may pass no message, but the reader of the reply refuses a failure without one.
  return {
    contract,
    data: {
      type,
      message: thrownText(message ?? ''),
      data: parse(schema, data, `${answer.command} was failed with ${type}, with`),
    },
  };
}
