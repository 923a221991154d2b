import { definitionName, type Catalogue } from '../../contract/catalogue.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { Json } from '../../contract/schema.ts';
import { identityOf } from '../../core/identity.ts';
import type { Inbound } from '../../core/inbound.ts';
import { sha256 } from '../../format/inbox-message.ts';
import type { Carried, Target } from './admission.ts';

/** A request of a client to an instance of Tutti: to a bulk job, a schedule, or the holds. */
interface Asked {
  readonly pid: string;
  readonly definition: ProcessContract;
  readonly event: string;
  /** Of the request, so that a repeated one is a duplicate. */
  readonly id: string;
  readonly time: string;
  readonly subject: string;
  readonly data: object;
  /** It does not begin the instance: without one, it waits in the early buffer. */
  readonly onlyOpen?: boolean;
}

/** The request of a client, as an event of the instance, which it begins if there is none. */
export function askedOfBuiltIn(catalogue: Catalogue, asked: Asked, by: Carried): Target {
  const { pid, definition, event, id, time, subject, data, onlyOpen = false } = asked;
  const identity = identityOf(sha256, { pid, event, id });
  const common = { ...by, id, identity, event, source: catalogue.system.name, time, data: data as Json, hops: 0 };
  const inbound: Inbound = onlyOpen
    ? { kind: 'signal', key: `x:${identity}`, ...common }
    : { kind: 'start', key: `s:${identity}`, ...common, subject, definition: definitionName(definition) };
  return { pid, definition, inbound, byClient: true };
}
