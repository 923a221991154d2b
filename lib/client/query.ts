import { processContract, type AnyProcess } from '../contract/process-contract.ts';
import { type Json, parseGiven } from '../contract/schema.ts';
import type { Reach } from './connection.ts';
import { definitionOf, pidOf, readValue, requireImage } from './instance.ts';

/** Reads the newest view of an instance; null if it has none. A view of an older version is upcast. */
export async function queryInstance(reach: Reach, process: AnyProcess, id: string): Promise<Json> {
  const { ports, system } = reach;
  const image = await requireImage(ports, pidOf(reach, { process: process.name, id }));
  if (image.view === undefined) return null;
  const view = await readValue(ports.payloads, image.pid, image.view);
  const { view: schema } = definitionOf(system, image.definition) ?? processContract(process);
  return schema === undefined ? view : parseGiven(schema, view, `${process.name} shows`);
}
