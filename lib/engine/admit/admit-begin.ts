import { definitionName, type Catalogue } from '../../contract/catalogue.ts';
import { parseStored } from '../../contract/schema.ts';
import { processOf } from '../../contract/wire/process-id.ts';
import { startSchema } from '../../core/children.ts';
import { identityOf } from '../../core/identity.ts';
import type { BegunBy } from '../../core/image.ts';
import { type BeginMessage, sha256 } from '../../format/inbox-message.ts';
import { type Admission, type Carried, park, deliver } from './admission.ts';

/**
 * Admits a start that has waited in a head (lib/core/waiting.ts): it was admitted before, and its data was parsed. Data that a deploy has
 * made unreadable meanwhile begins its run as it was admitted, because a refused start would stop all that wait after it.
 */
export function admitBegin(catalogue: Catalogue, { pid, data }: BeginMessage, by: Carried): Admission {
  const process = processOf(pid);
  const definition = catalogue.newest(process);
  if (!definition) return park('UNKNOWN_PROCESS', `There is no process ${process} in ${catalogue.system.name}.`, pid);
  const { dataversion, trace, data: value, ...start } = data as unknown as BegunBy;
  const identity = identityOf(sha256, { pid, event: start.event, id: start.id });
  return deliver({
    pid,
    definition,
    inbound: {
      kind: 'start',
      key: `s:${identity}`,
      ...by,
      ...start,
      identity,
      waited: true,
      data: parseStored(startSchema(definition), value, dataversion ?? 1),
      definition: definitionName(definition),
      ...(trace !== undefined && { trace }),
    },
  });
}
