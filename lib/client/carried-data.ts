import { createHash } from 'node:crypto';
import { canonical } from '../contract/wire/canonical.ts';
import { ContractError } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import { excessBytes, VALUE_BYTES_MAX } from '../contract/wire/wire.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ClientPorts } from './connection.ts';

/** The bus and the queues take no longer message: the data of one that would be longer is stored apart. */
const MESSAGE_CHARACTERS_MAX = 200 * 1024;

/** The members by which a message carries its data. */
export type CarriedData = { readonly data: Json } | { readonly dataref: string; readonly datahash: string };

interface Outgoing {
  /** As in `order was started with`, for an error. */
  readonly what: string;
  /** Where the data is stored, if it is: the type of the event, or the name of the process that is started. */
  readonly folder: string;
  readonly data: Json;
  /** How many characters the message has with these members. */
  readonly lengthOf: (carried: CarriedData) => number;
}

/**
 * Lets the message carry its data, or stores the data and lets the message name it.
 * @throws ContractError `DATA_TOO_LARGE` above 20 MB, or where the rest of the message is too long
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

/** Stores large data by a payload store. */
export function storingIn(payloads: Pick<PayloadStore, 'put' | 'reference'>): ClientPorts['storeLarge'] {
  return async (folder, hash, json) => {
    await payloads.put(folder, hash, json);
    return payloads.reference(folder, hash);
  };
}
