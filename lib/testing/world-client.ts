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

/** What the client of a world holds. `records`: of each service; `changed`: lets the world go on. */
export const clientPorts = (
  system: SystemContract,
  state: WorldState,
  records: ReadonlyMap<string, IdempotencyStore>,
  changed: (pid: string) => Promise<void>,
  faultOf: (commandId: string) => string | undefined,
): ClientPorts => {
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
    // As long as a ULID, and equal in each run of the test.
    newId: () => `SIMULATED${String(state.nextId()).padStart(17, '0')}`,
    storeLarge: storingIn(payloads),
    durable: () => Promise.resolve(),
    changed,
    faultOf,
    answer: async (request) => {
      const { service: name } = readTaskToken(request.token);
      const service = system.services.get(name);
      if (!service) throw invalidToken(`it is of the service ${name}, which is none of ${system.name}`);
      await answerDeferred(request, { service, store: records.get(name) ?? state.records, publisher, payloads, clock });
    },
  };
};

/** What a client gets that waits for an instance which nothing moves any more. `faultOf`: what the handler of a command threw last. */
export const nothingMoves = (
  system: SystemContract,
  state: WorldState,
  pid: string,
  faultOf: (commandId: string) => string | undefined,
): ClientError => {
  const head = state.heads.get(pid);
  if (!head || head.status === 'early') return notFound(pid, head);
  const definition = definitionOf(system, head.definition) ?? 'unlisted';
  const why = explain(decodeHead(head), state.clock.now(), { definition, faultOf }).line;
  if (head.status === 'stuck')
    return new ClientError('TIMED_OUT', `${nameOf(pid)} does not end: ${why}.`, {
      remedy: 'Correct what the reason names, or give the world what it waits for.',
    });
  return new ClientError('TIMED_OUT', `${nameOf(pid)} does not end unless time passes: ${why}.`, {
    remedy: 'Let time pass with world.advance(), or give the world what it waits for.',
  });
};
