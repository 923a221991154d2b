import { isOrchestratorError } from '../../contract/errors.ts';
import type { Json } from '../../contract/schema.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import { type Author, CLIENT_WRITER, ORCHESTRATOR_WRITER } from '../../ports/payload-store.ts';
import type { EngineContext } from '../engine-context.ts';
import { ALTERED, type Detail, FOREIGN, MISSING, type Referring, TOO_LARGE } from './body-data.ts';

/**
 * Reads the data of a message from the payload store. In: the parsed body, and the part of it that has the reference. Out: the body with the data,
 * or the reason why its data must not be decided on.
 */
export async function withData(context: EngineContext, { body, source, whole, own, detail, dataref, read }: Referring): Promise<unknown> {
  // The bus authenticates the source; the envelope does not.
  const sent = { ...detail, source: source ?? detail.source };
  if (!(whole ? ownAuthors(whole) : authorsOf(context, sent)).some((author) => context.options.payloads.isOf(dataref, author)))
    return FOREIGN;
  const json = await fetched(context, dataref);
  if (json === TOO_LARGE) return TOO_LARGE;
  if (json === undefined) return MISSING;
  // A writer of the payload store could have replaced the value.
  const data = hashed(context, read, json, detail.datahash);
  if (data === undefined) return ALTERED;
  detail.data = data;
  delete detail.dataref;
  // It may have to be sent again as it came.
  if (whole && own !== whole) whole.ref = dataref;
  return body;
}

async function fetched({ options }: EngineContext, dataref: string): Promise<string | undefined | typeof TOO_LARGE> {
  try {
    return await options.payloads.fetch(dataref);
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'DATA_TOO_LARGE') return TOO_LARGE;
    throw error;
  }
}

/** The author of the data of an internal message: the client that starts, or the instance that issued or owns the command. */
function ownAuthors({ tutti, process, commandid, owner }: Detail): Author[] {
  if (tutti === 'start') return [{ writer: CLIENT_WRITER, folder: textOf(process) }];
  return [{ writer: ORCHESTRATOR_WRITER, folder: tutti !== 'command' ? textOf(owner) : pidOfCommand(textOf(commandid)) }];
}

/** The authors that may have stored the data of a message: its source, for its instance, or a client in the name of its source. */
function authorsOf({ catalogue }: EngineContext, { id, source, type, commandid }: Detail): Author[] {
  if (commandid !== undefined) return [{ writer: textOf(source), folder: pidOfCommand(textOf(commandid)) }];
  const byClient = { writer: CLIENT_WRITER, folder: textOf(type) };
  // The id of an event that a process publishes contains the id of its instance.
  const own = source === catalogue.system.name ? [{ writer: ORCHESTRATOR_WRITER, folder: pidOfCommand(textOf(id)) }] : [];
  return [{ writer: textOf(source) }, byClient, ...own];
}

/** A value that is not a string names no author. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value, if it is JSON with this hash. A value without a canonical form has no hash. */
function hashed(context: EngineContext, read: Referring['read'], json: string, datahash: unknown): Json | undefined {
  try {
    const data = read(json) as Json;
    return datahash === `sha256:${context.environment.hash(context.environment.canonical(data))}` ? data : undefined;
  } catch {
    return undefined;
  }
}
