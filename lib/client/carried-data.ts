import { createHash } from 'node:crypto';
import { canonical } from '../contract/wire/json.ts';
import { ContractError } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { excessBytes, VALUE_BYTES_MAX } from '../contract/wire/wire.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ClientPorts } from './connection.ts';

/** The maximum length of a message on the bus and the queues. The data of a longer message goes to the payload store. */
const MESSAGE_CHARACTERS_MAX = 200 * 1024;

/** The members of a message that carry its data: inline, or as a reference into the payload store. */
export type CarriedData = { readonly data: Json } | { readonly dataref: string; readonly datahash: string };

interface Outgoing {
  /** The beginning of an error message, such as `order was started with`. */
  readonly what: string;
  /** Folder of the stored data: the type of the event, or the name of the started process. */
  readonly folder: string;
  readonly data: Json;
  /** Returns the length in characters of the message with these members. */
  readonly lengthOf: (carried: CarriedData) => number;
}

/**
 * Returns the data inline if the message stays within its maximum length. Otherwise stores the data and returns a reference.
 * @throws ContractError `DATA_TOO_LARGE` above 20 MB, or if the rest of the message is too long
 */
export async function carriedData({ storeLarge }: Pick<ClientPorts, 'storeLarge'>, outgoing: Outgoing): Promise<CarriedData> {
  const { what, folder, data, lengthOf } = outgoing;
  if (lengthOf({ data }) <= MESSAGE_CHARACTERS_MAX) return { data };
  const json = canonical(data);
  const excess = excessBytes(json);
  if (excess !== undefined)
    throw new ContractError('DATA_TOO_LARGE', `${what} ${excess} bytes of data: at most ${VALUE_BYTES_MAX} are allowed.`);
  const hash = createHash('sha256').update(json).digest('hex');
  const apart = { dataref: await storeLarge(folder, hash, json), datahash: `sha256:${hash}` };
  const rest = lengthOf(apart);
  if (rest <= MESSAGE_CHARACTERS_MAX) return apart;
  throw new ContractError(
    'DATA_TOO_LARGE',
    `${what} a message that has ${rest} bytes without its data: at most ${MESSAGE_CHARACTERS_MAX} are allowed.`,
  );
}

/** Implements `storeLarge` with a payload store. */
export function storingIn(payloads: Pick<PayloadStore, 'put' | 'reference'>): ClientPorts['storeLarge'] {
  return async (folder, hash, json) => {
    await payloads.put(folder, hash, json);
    return payloads.reference(folder, hash);
  };
}
