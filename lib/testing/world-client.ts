import type { ClientPorts } from '../client/connection.ts';
import { definitionOf, nameOf, notFound } from '../client/instance.ts';
import { explain } from '../client/why.ts';
import { ClientError } from '../contract/errors.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { decodeHead } from '../engine/head-codec.ts';
import type { IdempotencyStore } from '../ports/idempotency-store.ts';
import { answerDeferred } from '../service/deferred-answer.ts';
import { invalidToken, readTaskToken } from '../service/task-token.ts';
import type { WorldState } from './world-state.ts';

/** What the client of a world holds. `records`: of each service; `changed`: lets the world go on. */
export const clientPorts = (
  system: SystemContract,
  state: WorldState,
  records: ReadonlyMap<string, IdempotencyStore>,
  changed: (pid: string) => Promise<void>,
): ClientPorts => {
  const { sender, publisher, store, index, payloads, parking, clock } = state;
  let ids = 0;
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
    newId: () => `SIMULATED${String((ids += 1)).padStart(17, '0')}`,
    durable: () => Promise.resolve(),
    changed,
    answer: async (request) => {
      const { service: name } = readTaskToken(request.token);
      const service = system.services.get(name);
      if (!service) throw invalidToken(`it is of the service ${name}, which is none of ${system.name}`);
      await answerDeferred(request, { service, store: records.get(name) ?? state.records, publisher, payloads, clock });
    },
  };
};

/** What a client is told that waits for an instance, while nothing moves unless time passes. */
export const nothingMoves = (system: SystemContract, state: WorldState, pid: string): ClientError => {
  const head = state.heads.get(pid);
  if (!head || head.status === 'early') return notFound(pid);
  const why = explain(decodeHead(head), state.clock.now(), definitionOf(system, head.definition)).line;
  return new ClientError('TIMED_OUT', `${nameOf(pid)} does not end unless time passes: ${why}.`, {
    remedy: 'Let time pass with world.advance(), or give the world what it waits for.',
  });
};
