import { createHash } from 'node:crypto';
import { canonical } from '../../contract/wire/canonical.ts';
import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import { isOrchestratorError } from '../../contract/errors.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Json } from '../../contract/schema.ts';
import { ORCHESTRATOR_WRITER, type PayloadStore } from '../../ports/payload-store.ts';

/** Data that cannot be read, and why. */
export class Unread {
  readonly fault: string;

  constructor(fault: string) {
    this.fault = fault;
  }
}

/** The data of a command: what it carries, or what lies apart. Only what the orchestrator has put there for the command's instance is read. */
export async function loadInput(command: CommandEnvelope, payloads: PayloadStore): Promise<Json | undefined | Unread> {
  const { id, dataref, datahash } = command;
  if (dataref === undefined) return command.data;
  const unread = (why: string): Unread => new Unread(`${command.type} came with dataref ${dataref}, ${why}`);
  if (!payloads.isOf(dataref, { writer: ORCHESTRATOR_WRITER, folder: pidOfCommand(id) }))
    return unread('which is not of the orchestrator and the instance of the command');
  try {
    const json = await payloads.fetch(dataref);
    if (json === undefined) return unread('where nothing lies');
    const data = JSON.parse(json) as Json;
    const hash = createHash('sha256').update(canonical(data)).digest('hex');
    return datahash === `sha256:${hash}` ? data : unread('where something else lies than it was sent with');
  } catch (error) {
    if (error instanceof SyntaxError) return unread('where no JSON lies');
    if (isOrchestratorError(error) && !error.retryable) return unread(`which cannot be read: ${error.message}`);
    throw error;
  }
}
