import { processContract, type AnyProcess } from '../contract/process-contract.ts';
import type { Json } from '../contract/schema.ts';
import { parseGiven } from '../contract/versions.ts';
import type { Reach } from './connection.ts';
import { definitionOf, pidOf, readValue, requireImage } from './instance.ts';

/** The view that the instance showed last; null while it has shown none. A read of stored data, also after the end; a view of an older version is upcast. */
export async function queryInstance(reach: Reach, process: AnyProcess, id: string): Promise<Json> {
  const { ports, system } = reach;
  const image = await requireImage(ports, pidOf(reach, process.name, id));
  if (image.view === undefined) return null;
  const view = await readValue(ports.payloads, image.pid, image.view);
  const { view: schema } = definitionOf(system, image.definition) ?? processContract(process);
  return schema === undefined ? view : parseGiven(schema, view, `${process.name} shows`);
}
