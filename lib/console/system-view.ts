import { inputSchemaOf, jsonSchemaOf, type JsonSchema } from '../contract/export/json-schema.ts';
import type { CommandContract, EventContract, ProcessContract } from '../contract/runtime-contract.ts';
import type { Schema } from '../contract/schema.ts';
import { STEPS } from '../contract/steps.ts';
import { instantText } from '../contract/wire/wire.ts';
import type { Flow } from '../flow/flow.ts';
import { flowOf } from '../client/flow.ts';
import { principalOf } from '../client/connection.ts';
import type { Call } from './route.ts';
import { permissionsOf } from './permissions.ts';
import type { CommandView, EventView, ProcessView, SystemView } from './views.ts';

/** On AWS, eight hours of one open page that polls cost less than a cent. */
const POLL_MS = 2_000;

/** The contracts of the system, and the operations that are possible. */
export async function systemView({ reach, options }: Call): Promise<SystemView> {
  const { system, ports } = reach;
  const principal = await principalOfCaller(ports);
  return {
    name: system.name,
    place: options.place,
    option: options.option,
    ...(principal !== undefined && { principal }),
    now: instantText(ports.clock.now()),
    live: ports.changed === undefined ? 'poll' : 'hold',
    pollMs: POLL_MS,
    acts: permissionsOf(options),
    processes: await Promise.all([...system.processes.values()].map((versions) => processView(reach, versions))),
    services: [...system.services.values()]
      .filter(({ name }) => name !== STEPS)
      .map(({ name, commands }) => ({ name, commands: Array.from(commands.values(), commandView) })),
    events: [...system.events.values()]
      .toSorted((one, other) => one.type.localeCompare(other.type))
      .map((event) => eventView(event, options)),
  };
}

/** On AWS, one call of STS finds it. A caller without a right to that call still reads. */
async function principalOfCaller(ports: Call['reach']['ports']): Promise<string | undefined> {
  try {
    return await principalOf(ports);
  } catch {
    return undefined;
  }
}

async function processView(reach: Call['reach'], versions: readonly ProcessContract[]): Promise<ProcessView> {
  const [newest] = versions as [ProcessContract];
  const { name, kind, startOn, receives, publishes, input, view } = newest;
  // Without a stored graph, the map of the system has no arrows of this process.
  const found = await flowOf(reach, name, { version: newest.version }).catch(() => undefined);
  const data = startOn[0]?.event.data ?? input;
  return {
    name,
    versions: versions.map(({ version }) => version),
    kind,
    startedBy: typesOf(startOn),
    receives: typesOf(kind === 'decider' ? startOn : receives),
    publishes: [...publishes.keys()],
    ...(kind === 'async' && { input: data === undefined ? { type: 'null' } : schemaOf(data, `${name}, input`, inputSchemaOf) }),
    ...(view && { view: schemaOf(view, `${name}, view`, jsonSchemaOf) }),
    ...(found && { calls: servicesIn(found.flow) }),
  };
}

function typesOf(correlations: ProcessContract['startOn']): readonly string[] {
  return [...new Set(correlations.map(({ event }) => event.type))];
}

function servicesIn({ nodes }: Flow): readonly string[] {
  const names = nodes.flatMap(({ kind, name }) => ((kind === 'command' || kind === 'send') && name?.includes('.') ? [name] : []));
  return [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))];
}

function commandView({ name, about, input, output, errors, undo, timeoutMs, retry }: CommandContract): CommandView {
  return {
    name,
    ...(about !== undefined && { about }),
    input: schemaOf(input, `${name}, input`, inputSchemaOf),
    output: schemaOf(output, `${name}, output`, inputSchemaOf),
    errors: Object.fromEntries(Object.entries(errors).map(([type, schema]) => [type, schemaOf(schema, `${name}, ${type}`, inputSchemaOf)])),
    ...(undo && { undo: undo.command }),
    timeoutMs,
    withinMs: retry.withinMs,
  };
}

function eventView({ type, data, answer }: EventContract, { examples }: Call['options']): EventView {
  return {
    type,
    data: schemaOf(data, type, inputSchemaOf),
    ...(answer && { answer: schemaOf(answer, `${type}, answer`, jsonSchemaOf) }),
    ...(examples?.has(type) && { hasExample: true as const }),
  };
}

/** A schema that cannot be exported gives a form with one field for JSON. */
function schemaOf(schema: Schema, what: string, of: typeof jsonSchemaOf): JsonSchema {
  try {
    return of(schema, what);
  } catch {
    return {};
  }
}
