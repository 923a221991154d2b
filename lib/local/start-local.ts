import { connect } from '../client/connect.ts';
import type { Client } from '../client/client.ts';
import type { System } from '../contract/system.ts';
import { Runtime, type RuntimeOptions } from './runtime.ts';

export interface LocalSystem {
  readonly client: Client;
  /** Lets handlers finish and makes everything durable. */
  stop(): Promise<void>;
}

/**
 * Runs a system and its services in this process. A killed process loses nothing: what is started again on the same folder goes on.
 * @throws ClientError `UNREACHABLE` where another process has the folder open
 * @example import { startLocal } from 'tutti/local'; const { client, stop } = await startLocal(trips, { directory: '.tutti', services });
 */
export const startLocal = async (system: System<string>, options: RuntimeOptions): Promise<LocalSystem> => {
  const runtime = new Runtime(system, options);
  return { client: connect(system, runtime.connection), stop: () => runtime.stop() };
};
