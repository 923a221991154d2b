import { createHash } from 'node:crypto';
import { canonical } from '../../contract/wire/json.ts';
import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import { isOrchestratorError } from '../../contract/errors.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Json } from '../../contract/schema.ts';
import { ORCHESTRATOR_WRITER, type PayloadStore } from '../../ports/payload-store.ts';

/** Data that cannot be read, and the reason. */
export class Unread {
  readonly fault: string;

  constructor(fault: string) {
    this.fault = fault;
  }
}

/**
 * Returns the data of a command from its envelope, or from the payload store if the envelope refers to it. Reads only payloads that the
 * orchestrator stored for the command's instance, so that a forged reference cannot reach other data.
 */
export function loadInput(command: CommandEnvelope, payloads: PayloadStore): Json | undefined | Unread | Promise<Json | Unread> {
  return command.dataref === undefined ? command.data : loadReferred(command, command.dataref, payloads);
}

async function loadReferred(command: CommandEnvelope, dataref: string, payloads: PayloadStore): Promise<Json | Unread> {
  const { id, datahash } = command;
  const unread = (why: string): Unread => new Unread(`${command.type} came with dataref ${dataref}: ${why}`);
  if (!payloads.isOf(dataref, { writer: ORCHESTRATOR_WRITER, folder: pidOfCommand(id) }))
    return unread('the orchestrator did not store it for the instance of the command');
  try {
    const json = await payloads.fetch(dataref);
    if (json === undefined) return unread('it does not exist');
    const data = JSON.parse(json) as Json;
    const hash = createHash('sha256').update(canonical(data)).digest('hex');
    return datahash === `sha256:${hash}` ? data : unread('its content does not match the datahash');
  } catch (error) {
    if (error instanceof SyntaxError) return unread('its content is not JSON');
    if (isOrchestratorError(error) && !error.retryable) return unread(`it cannot be read: ${error.message}`);
    throw error;
  }
}
