import { connect } from '../client/connect.ts';
import type { Client } from '../client/client.ts';
import type { Connection } from '../client/connection.ts';
import { ContractError } from '../contract/errors.ts';
import type { System } from '../contract/system.ts';
import { Runtime, type RuntimeOptions } from './runtime.ts';
import { threadData } from './thread-data.ts';

/** A system that runs in this process. */
export interface LocalSystem {
  readonly client: Client;
  /** For a client of another tenant: `connect(system, connection, { tenant })`. */
  readonly connection: Connection;
  /** The metrics of the system, as the text that Prometheus reads (docs/operations.md#metrics). Needs the option `metrics`. */
  metrics(): Promise<string>;
  /** Lets handlers finish and makes everything durable. */
  stop(): Promise<void>;
}

/**
 * Runs a system and its services in this process. A killed process loses nothing: start it again on the same folder to continue.
 *
 * Unless `NODE_ENV` is `production`, checks are on: nondeterminism that production tolerates gets its instance stuck at once
 * (docs/errors.md).
 *
 * With `entry` the processes run in a thread of their own under a watchdog, so that one that never yields does not block the others.
 *
 * Input: a system, its services and a folder. Output: a client and `stop`. Trunk: runtime.ts runs services, timers and queues on the state of
 * state.ts; engine-host.ts runs the engine, in engine-thread.ts if there is an `entry`; channel/ serves clients of other processes.
 * @throws ClientError `UNREACHABLE` if another process has the folder open, `DENIED` if `keyFile` is not its key
 * @throws ContractError `CONTRACT_INVALID` if `entry` cannot be imported or does not export the system
 * @example import { startLocal } from 'tutti/local'; const { client, stop } = await startLocal(trips, { directory: '.tutti', services });
 * @example await startLocal(trips, { services, entry: new URL('./system.ts', import.meta.url) });
 */
export async function startLocal(system: System<string>, options: RuntimeOptions): Promise<LocalSystem> {
  if (threadData()) {
    throw new ContractError(
      'CONTRACT_INVALID',
      `The module given as entry starts the system ${system.name} when it is imported: the engine's thread imports it too.`,
      {
        remedy: 'Export the system from a module that starts nothing, and name that one as entry.',
      },
    );
  }
  const checks = options.checks ?? process.env['NODE_ENV'] !== 'production';
  // Applies to modules imported from now on. Start a compiled program with node --enable-source-maps to cover all of them.
  if (checks) process.setSourceMapsEnabled(true);
  const { directory, keyFile } = options;
  const isSealed = directory !== undefined && keyFile !== undefined;
  const seal = isSealed ? (await import('./folder-key.ts')).folderSeal(directory, keyFile) : undefined;
  const measures = options.metrics === true ? await (await import('./measures.ts')).loadMeasures() : undefined;
  const runtime = new Runtime(system, { ...options, checks }, { seal, measures });
  await runtime.start();
  return {
    client: connect(system, runtime.connection),
    connection: runtime.connection,
    metrics: () => runtime.metrics(),
    stop: () => runtime.stop(),
  };
}
