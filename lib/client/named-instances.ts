import { ContractError, isOrchestratorError } from '../contract/errors.ts';
import { buildPid, INSTANCE_ID_FORM, tenantOf } from '../contract/wire/process-id.ts';
import type { CorrelationContract, EventContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { thrownText } from '../contract/wire/thrown-text.ts';
import { Catalogue } from '../contract/catalogue.ts';
import type { Reach } from './connection.ts';

/** An instance that an event names. */
export interface NamedInstance {
  readonly pid: string;
  /** True if the event starts the instance, false if the instance receives it. */
  readonly starts: boolean;
}

/**
 * Returns the instances that an event names by its data, by the same rules as the engine. If only the code of the system can compute the
 * id, a client without that code omits the instance, and the engine checks it.
 * @throws ContractError `DATA_INVALID` if an id is invalid: the engine would park the event without notice to its sender
 */
export function instancesNamed(reach: Pick<Reach, 'system' | 'tenant'>, event: EventContract, data: Json): readonly NamedInstance[] {
  return new Catalogue(reach.system).interests(event.type).flatMap(({ definition, correlation, starts }) => {
    const named = idNamed(event, definition.name, correlation, data);
    if (named === undefined) return [];
    const pid = buildPid(tenantOf(reach), definition.name, named.id as string);
    if (pid !== undefined) return [{ pid, starts }];
    const id = JSON.stringify(named.id) ?? String(named.id);
    throw new ContractError(
      'DATA_INVALID',
      `${event.type} was published and names the instance ${id} of ${definition.name}: expected an id of ${INSTANCE_ID_FORM}.`,
    );
  });
}

function idNamed(
  event: EventContract,
  process: string,
  correlation: CorrelationContract,
  data: Json,
): { readonly id: unknown } | undefined {
  try {
    return { id: correlation.of(data as never) };
  } catch (error) {
    if (isOrchestratorError(error)) return undefined;
    throw new ContractError(
      'DATA_INVALID',
      `${event.type} was published, and the byId of ${process} threw ${thrownText(error)}: expected the id of an instance.`,
    );
  }
}
