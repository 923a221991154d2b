import { isOrchestratorError } from '../../../lib/contract/errors.ts';
import type { IdempotencyStore } from '../../../lib/ports/idempotency-store.ts';
import { servedParts, type AnyRun, type Served, type ServedCommand } from '../../../lib/service/served.ts';
import type { RecordAccess, TransactionalRecords } from '../../../lib/service/store.ts';
import type { Observer } from './observer.ts';
import type { Worker } from './worker.ts';

type Watch = Pick<Observer, 'began' | 'ended' | 'postponed' | 'recorded'>;

/** The same service, with each run of its handlers and each record of its own database reported to the observer. */
export const watched = (served: Served, worker: Worker, watch: Watch): Served => {
  const parts = servedParts(served);
  const commands = new Map([...parts.commands].map(([name, each]) => [name, { ...each, run: watchedRun(each, worker, watch) }]));
  const records = parts.records && { records: watchedRecords(parts.records, worker, watch) };
  return Object.assign(async () => undefined, served, { '~': { ...parts, commands, ...records } });
};

const watchedRun =
  ({ run, effect, contract }: ServedCommand, worker: Worker, watch: Watch): AnyRun =>
  async (...args) => {
    const { commandId } = args[1] as { readonly commandId: string };
    watch.began({ commandId, command: contract.name, effect, worker: worker.name, at: worker.clock.now() });
    try {
      return await run(...args);
    } catch (error) {
      if (isOrchestratorError(error) && error.code === 'RETRY_AFTER') watch.postponed(commandId);
      throw error;
    } finally {
      watch.ended(commandId);
    }
  };

/** Reports each record that a store has written, and none that it has refused. */
export const watchedStore = (store: IdempotencyStore, watch: Pick<Watch, 'recorded'>, actor: () => string): IdempotencyStore => ({
  read: (commandId) => store.read(commandId),
  write: async (commandId, record, expected) => {
    const by = actor();
    const written = await store.write(commandId, record, expected);
    if (written.status === 'written') watch.recorded(commandId, record, by);
    return written;
  },
  durable: () => store.durable(),
});

const watchedRecords = (records: TransactionalRecords, worker: Worker, watch: Watch): TransactionalRecords => ({
  ...watchedStore(records, watch, () => worker.name),
  transact: async (body) => {
    const written: Parameters<Watch['recorded']>[] = [];
    const result = await records.transact((tx, access) => body(tx, noting(access, worker, written)));
    for (const each of written) watch.recorded(...each);
    return result;
  },
});

/** Nothing of a transaction is written before its commit. */
const noting = (access: RecordAccess, worker: Worker, written: Parameters<Watch['recorded']>[]): RecordAccess => ({
  ...access,
  read: (commandId) => access.read(commandId),
  write: async (commandId, record, expected) => {
    const result = await access.write(commandId, record, expected);
    if (result.status === 'written') written.push([commandId, record, worker.name]);
    return result;
  },
});
