import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ContractError } from '../../contract/errors.ts';
import { systemContract, type System } from '../../contract/system.ts';
import type {
  CommandContract,
  CorrelationContract,
  EventContract,
  ProcessContract,
  ServiceContract,
  SystemContract,
  GateContract,
  GateSpec,
} from '../../contract/runtime-contract.ts';
import { type Schema, type VersionStep, versionOf } from '../../contract/schema.ts';
import { fieldAt, fieldPath } from './field-path.ts';

/** The maximum size of an SSM parameter. A parameter above 4 KB must be of the advanced tier. */
export const PUBLISHED_BYTES_MAX = 8 * 1024;

/** The default, which is not published. */
const EARLY_MS = 86_400_000;

/** The type of an event. A tuple adds its newest data version and the field of its dedupe key. */
type PublishedEvent = string | readonly [type: string, version: number, dedupeBy?: string];
/** The index of its event. A tuple adds the field that names the instance or the key; null if code computes it. */
type PublishedCorrelation = number | readonly [event: number, field: string | null, by?: 'key'];

/** One version of a process. An omitted member has its default. */
interface PublishedProcess {
  readonly name: string;
  readonly version?: number;
  readonly kind?: 'decider';
  readonly startOn?: readonly PublishedCorrelation[];
  readonly receives?: readonly PublishedCorrelation[];
  readonly publishes?: readonly number[];
  readonly input?: true;
  readonly view?: true;
  readonly errors?: readonly string[];
  readonly onOpen?: ProcessContract['onOpen'];
  readonly onClosed?: ProcessContract['onClosed'];
  /** The limits of its starts, and the field that is the key; null if code computes it. */
  readonly gate?: readonly [spec: GateSpec, field: string | null];
  /** Milliseconds. @default a day */
  readonly early?: number;
}

interface PublishedSystem {
  readonly name: string;
  readonly events: readonly PublishedEvent[];
  /** The indexes of the events that declare an answer. */
  readonly questions?: readonly number[];
  readonly processes: readonly PublishedProcess[];
  /** The verbs of the commands, by service. */
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/**
 * Describes a system as text, for clients that start, signal and watch its processes without its code. The text is JSON, or above 8 KB
 * the JSON in raw deflate and base64. Equal systems give equal text.
 *
 * Throws `DATA_TOO_LARGE` if the compressed text exceeds 8 KB, which takes some hundreds of processes.
 */
export function publishedSystem(system: System<string>): string {
  const json = JSON.stringify(published(systemContract(system)));
  if (Buffer.byteLength(json) <= PUBLISHED_BYTES_MAX) return json;
  const text = deflateRawSync(json, { level: 9 }).toString('base64');
  if (text.length <= PUBLISHED_BYTES_MAX) return text;
  throw new ContractError(
    'DATA_TOO_LARGE',
    `The description of the system ${system.name} has ${text.length} bytes, compressed: at most ${PUBLISHED_BYTES_MAX} can be published.`,
    { remedy: 'Split the system: each gets its own orchestrator.' },
  );
}

/** Parses the text of `publishedSystem`. The schemas accept any JSON, because the orchestrator validates each message. */
export function readPublishedSystem(text: string): SystemContract {
  const json = text.startsWith('{') ? text : inflateRawSync(Buffer.from(text, 'base64')).toString();
  return contractOf(JSON.parse(json) as PublishedSystem);
}

function published({ name, events, processes, services }: SystemContract): PublishedSystem {
  const indexes = new Map([...events.keys()].map((type, index) => [type, index]));
  const questions = [...events.values()].flatMap(({ answer }, index) => (answer === undefined ? [] : [index]));
  return {
    name,
    events: Array.from(events.values(), publishedEvent),
    ...(questions.length > 0 && { questions }),
    processes: [...processes.values()].flat().map((process) => publishedProcess(process, indexes)),
    services: Object.fromEntries(Array.from(services.values(), (service) => [service.name, verbsOf(service)])),
  };
}

function publishedEvent({ type, data, dedupeBy }: EventContract): PublishedEvent {
  const version = versionOf(data);
  const field = dedupeBy === undefined ? undefined : fieldPath(dedupeBy);
  if (field !== undefined) return [type, version, field];
  return version === 1 ? type : [type, version];
}

function publishedProcess(process: ProcessContract, indexes: ReadonlyMap<string, number>): PublishedProcess {
  const { name, version, kind, startOn, receives, publishes, input, view, onOpen, onClosed, gate, earlyMs } = process;
  const errors = Object.keys(process.errors);
  const indexOf = (type: string): number => indexes.get(type) as number;
  const correlation = (each: CorrelationContract): PublishedCorrelation => publishedCorrelation(each, indexOf(each.event.type));
  return {
    name,
    ...(version !== 1 && { version }),
    ...(kind === 'decider' && { kind }),
    ...(startOn.length > 0 && { startOn: startOn.map(correlation) }),
    ...(receives.length > 0 && { receives: receives.map(correlation) }),
    ...(publishes.size > 0 && { publishes: [...publishes.keys()].map(indexOf) }),
    ...(input !== undefined && { input: true }),
    ...(view !== undefined && { view: true }),
    ...(errors.length > 0 && { errors }),
    ...(onOpen !== 'reject' && { onOpen }),
    ...(onClosed !== 'reject' && { onClosed }),
    ...(gate && { gate: [gate.spec, fieldPath(gate.key) ?? null] as const }),
    ...(earlyMs !== EARLY_MS && { early: earlyMs }),
  };
}

function publishedCorrelation({ of, by }: CorrelationContract, event: number): PublishedCorrelation {
  const field = fieldPath(of);
  if (by === 'key') return [event, field ?? null, by];
  return field === undefined ? event : [event, field];
}

function verbsOf({ name, commands }: ServiceContract): string[] {
  return [...commands.keys()].map((command) => command.slice(name.length + 1));
}

function contractOf({
  name,
  events: publishedEvents,
  questions = [],
  processes,
  services: publishedServices,
}: PublishedSystem): SystemContract {
  const events = publishedEvents.map((each, index) => eventOf(each, questions.includes(index)));
  const byName = new Map<string, ProcessContract[]>();
  // The text lists the versions of a process with the highest first.
  for (const each of processes) byName.set(each.name, [...(byName.get(each.name) ?? []), processOf(each, events)]);
  const services = Object.entries(publishedServices).map(([service, verbs]) => serviceOf(service, verbs));
  return {
    name,
    processes: byName,
    services: new Map(services.map((service) => [service.name, service])),
    commands: new Map(services.flatMap((service) => [...service.commands])),
    events: new Map(events.map((event) => [event.type, event])),
  };
}

function eventOf(published: PublishedEvent, isQuestion: boolean): EventContract {
  const [type, version, field] = typeof published === 'string' ? ([published, 1] as const) : published;
  return {
    type,
    owner: type.slice(0, type.indexOf('.')),
    data: version === 1 ? anyJson : anyJsonOf(version),
    ...(field !== undefined && { dedupeBy: (data: never) => fieldAt(data, field) as string }),
    ...(isQuestion && { answer: anyJson }),
  };
}

function processOf(process: PublishedProcess, events: readonly EventContract[]): ProcessContract {
  const { name, version = 1, kind = 'async', startOn = [], receives = [], publishes = [], errors = [] } = process;
  const correlation = (each: PublishedCorrelation): CorrelationContract => correlationOf(each, events);
  return {
    name,
    version,
    kind,
    startOn: startOn.map(correlation),
    receives: receives.map(correlation),
    publishes: new Map(publishes.map((index) => events[index] as EventContract).map((event) => [event.type, event])),
    ...(process.input && { input: anyJson }),
    errors: Object.fromEntries(errors.map((error) => [error, anyJson])),
    ...(process.view && { view: anyJson }),
    onOpen: process.onOpen ?? 'reject',
    onClosed: process.onClosed ?? 'reject',
    earlyMs: process.early ?? EARLY_MS,
    ...(process.gate && { gate: gateOf(process.gate) }),
    // A client does not use this member.
    late: 'park',
  };
}

/** A key that only code computes is no text here: the client then does not wait for the gate. */
function gateOf([spec, field]: NonNullable<PublishedProcess['gate']>): GateContract {
  return { spec, key: (data: never) => (field === null ? undefined : fieldAt(data, field)) as string };
}

function correlationOf(published: PublishedCorrelation, events: readonly EventContract[]): CorrelationContract {
  const [index, field = null, by = 'id'] = typeof published === 'number' ? [published] : published;
  const event = events[index] as EventContract;
  return {
    event,
    by,
    of: (data: never) => {
      const id = field === null ? undefined : fieldAt(data, field);
      // If the field is missing, the code of the system may use another one.
      return typeof id === 'string' ? id : unknownId(event);
    },
  };
}

function unknownId({ type }: EventContract): never {
  throw new ContractError('DATA_INVALID', `The instance of ${type} is computed by the code of the system: expected an id.`, {
    remedy: 'Give the id, on the command line with --id.',
  });
}

function serviceOf(name: string, verbs: readonly string[]): ServiceContract {
  return { name, commands: new Map(verbs.map((verb) => [`${name}.${verb}`, commandOf(name, verb)])) };
}

/** The retry and timeout values are placeholders: only the engine uses them. */
function commandOf(service: string, verb: string): CommandContract {
  const retry = { withinMs: 0, attempts: 1, firstMs: 0, factor: 1, mostMs: 0 };
  return { name: `${service}.${verb}`, service, input: anyJson, output: anyJson, errors: {}, onUnknown: 'stuck', timeoutMs: 0, retry };
}

const anyJson: Schema = Object.freeze({
  '~standard': Object.freeze({ version: 1 as const, vendor: 'tutti', validate: (value: unknown) => ({ value: value ?? null }) }),
});

const ANY_STEP: VersionStep = Object.freeze({ schema: anyJson, upcast: (old: unknown) => old });

/** A schema that accepts any JSON and declares its newest version. */
function anyJsonOf(version: number): Schema {
  return Object.freeze({ ...anyJson, '~versions': Array.from({ length: version }, () => ANY_STEP) });
}
