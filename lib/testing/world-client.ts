import { storingIn } from '../client/carried-data.ts';
import type { ClientPorts } from '../client/connection.ts';
import { definitionOf, nameOf, notFound } from '../client/instance.ts';
import { explain } from '../client/operations/why.ts';
import { ClientError } from '../contract/errors.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { IdempotencyStore } from '../ports/idempotency-store.ts';
import { answerDeferred } from '../service/consumer/deferred-answer.ts';
import { invalidToken, readTaskToken } from '../service/task-token.ts';
import type { WorldState } from './world-state.ts';

export interface WorldOfClient {
  readonly system: SystemContract;
  readonly state: WorldState;
  /** The command records by service. */
  readonly records: ReadonlyMap<string, IdempotencyStore>;
  /** Lets the world continue. */
  readonly changed: (pid: string, signal: AbortSignal) => Promise<void>;
  /** The last error of a command's handler. */
  readonly faultOf: (commandId: string) => string | undefined;
}

/** The ports of a world's client. */
export function clientPorts({ system, state, records, changed, faultOf }: WorldOfClient): ClientPorts {
  const { sender, publisher, store, index, payloads, parking, clock } = state;
  return {
    sender,
    publisher,
    store,
    index,
    payloads,
    parking,
    clock,
    principal: 'test',
    // The length of a ULID, and equal in each run of the test.
    newId: () => `SIMULATED${String(state.nextId()).padStart(17, '0')}`,
    storeLarge: storingIn(payloads),
    durable: () => Promise.resolve(),
    changed,
    faultOf,
    answer: async (request) => {
      const { service: name } = readTaskToken(request.token);
      const service = system.services.get(name);
      if (!service) throw invalidToken(`it names the service ${name}, which ${system.name} does not list`);
      await answerDeferred(request, { service, store: records.get(name) ?? state.records, publisher, payloads, clock });
    },
  };
}

/** The error for a client that waits for an instance while nothing moves. `faultOf`: the last error of a command's handler. */
export function nothingMoves(
  system: SystemContract,
  state: WorldState,
  pid: string,
  faultOf: (commandId: string) => string | undefined,
): ClientError {
  const head = state.heads.get(pid);
  if (!head || head.status === 'early') return notFound(pid, head);
  const definition = definitionOf(system, head.definition) ?? 'unlisted';
  const why = explain(decodeHead(head), state.clock.now(), { definition, faultOf }).line;
  if (head.status === 'stuck')
    return new ClientError('TIMED_OUT', `${nameOf(pid)} does not end: ${why}.`, {
      remedy: 'Correct the cause of the stuck reason, or send the instance the event that it waits for.',
    });
  return new ClientError('TIMED_OUT', `${nameOf(pid)} does not end unless time passes: ${why}.`, {
    remedy: 'Let time pass with world.advance(), or send the instance the event that it waits for.',
  });
}
