import { parsePid } from '../contract/wire/process-id.ts';
import { ClientError } from '../contract/errors.ts';
import type { EventContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import type { Reach } from '../client/connection.ts';
import { instancesNamed } from '../client/named-instances.ts';
import type { ConsoleOptions } from './console-options.ts';
import type { Call } from './route.ts';
import type { ExampleView } from './views.ts';

/** Ids that are tried in turn. */
const TRIED = 100;

/** How many examples of each type a console has given away: the next one is the next of its list. */
const given = new WeakMap<ConsoleOptions, Map<string, number>>();

export async function exampleView({ reach, options, path }: Call): Promise<ExampleView> {
  const type = path['type'] as string;
  const event = reach.system.events.get(type);
  const examples = options.examples?.get(type);
  if (!event || !examples) throw new ClientError('NOT_FOUND', `There is no example of ${type}: expected an event with hasExample.`);
  const counts = given.get(options) ?? new Map<string, number>();
  given.set(options, counts.set(type, (counts.get(type) ?? -1) + 1));
  return { data: await unused(reach, event, examples[(counts.get(type) as number) % examples.length] as Json) };
}

/** The same data with another id, so that it starts another instance: `cart-1` becomes the first of `cart-2`, `cart-3`… that has not run. */
async function unused(reach: Reach, event: EventContract, data: Json): Promise<Json> {
  const id = idStartedBy(reach, event, data);
  if (id === undefined) return data;
  const others = Array.from({ length: TRIED }, (_, at) => renamed(data, id, followerOf(id, at + 1)));
  const pids = others.map((other) => startedBy(reach, event, other));
  const known = await reach.ports.store.load([...new Set(pids.filter((pid) => pid !== undefined))], { consistent: true });
  const taken = new Set(known.map((head) => head?.pid));
  return others.find((_, at) => !taken.has(pids[at] as string)) ?? renamed(data, id, `${id}-${reach.ports.clock.now()}`);
}

function startedBy(reach: Reach, event: EventContract, data: Json): string | undefined {
  return instancesNamed(reach, event, data).find(({ starts }) => starts)?.pid;
}

function idStartedBy(reach: Reach, event: EventContract, data: Json): string | undefined {
  return parsePid(startedBy(reach, event, data) ?? '')?.id;
}

function followerOf(id: string, by: number): string {
  const [, name = id, number] = /^(.*?)(\d{1,9})?$/.exec(id) ?? [];
  return number === undefined ? `${id}-${by + 1}` : `${name}${Number(number) + by}`;
}

/** The data with another text in place of each text that equals the id. */
function renamed(data: Json, id: string, other: string): Json {
  return JSON.parse(JSON.stringify(data), (_, value: unknown) => (value === id ? other : value)) as Json;
}
