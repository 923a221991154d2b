import { ContractError } from './errors.ts';
import { eventContract, isEvent } from './event.ts';
import type { Instrumentation } from './instrumentation.ts';
import { isEventType, isKebabName, isVerb } from './name.ts';
import { processContract, type AnyProcess } from './process-contract.ts';
import type { CommandContract, EventContract, ProcessContract, ServiceContract, SystemContract } from './runtime-contract.ts';
import { scheduleContract, type Schedule } from './schedule.ts';
import type { ScheduleContract } from './runtime-contract.ts';
import { serviceContract, type AnyService } from './service.ts';
import { isOfStep, steps, STEPS } from './steps.ts';

/** The processes of one orchestrator, the services to which they send commands, and the schedules that start them. */
export interface System<N extends string> {
  readonly name: N;
  readonly '~': {
    readonly processes: readonly AnyProcess[];
    readonly services: readonly AnyService[];
    readonly schedules?: readonly Schedule[];
  };
}

interface SystemParts {
  readonly processes: readonly AnyProcess[];
  readonly services: readonly AnyService[];
  readonly schedules: readonly Schedule[];
  readonly contract: SystemContract;
}

/**
 * Defines a system. Throws `CONTRACT_INVALID`, with all faults in one message.
 *
 * Input: processes and services, which event.ts, command.ts, service.ts and process-contract.ts describe. Output: a frozen value; engine,
 * client and constructs read its contract with `systemContract`. Trunk: this file checks names and owners; schema.ts parses data by
 * the schemas; errors.ts has every error; wire/ and export/ turn contracts into messages and files.
 * @example import { system } from 'tutti'; export const trips = system('trips', { processes: [bookTrip], services: [payments] });
 */
export function system<const N extends string>(
  name: N,
  parts: {
    readonly processes: readonly AnyProcess[];
    readonly services: readonly AnyService[];
    /** Recurring starts of the processes. They begin with the deployment. @default none */
    readonly schedules?: readonly Schedule[];
    /** Hooks of the engine and of the steps of `ctx.run`. @default nothing is measured */
    readonly instrumentation?: Instrumentation;
  },
): System<N> {
  const processes = parts.processes.map(processContract);
  const services = parts.services.map(serviceContract);
  const schedules = (parts.schedules ?? []).map(scheduleContract);
  const faults = [
    ...(isKebabName(name) ? [] : [notKebab('system', name)]),
    ...processFaults(processes),
    ...serviceFaults(services),
    ...eventFaults(eventsOf(processes, services)),
    ...ownershipFaults(name, processes, services),
    ...scheduleFaults(schedules, processes),
  ];
  if (faults.length > 0) throw invalidSystem(name, faults);
  const held: SystemParts = Object.freeze({
    processes: Object.freeze([...parts.processes]),
    services: Object.freeze([...parts.services]),
    schedules: Object.freeze([...(parts.schedules ?? [])]),
    contract: Object.freeze({
      ...contractOf(name, processes, services, schedules),
      ...(parts.instrumentation && { instrumentation: parts.instrumentation }),
    }),
  });
  return Object.freeze({ name, '~': held });
}

/** The run-time contract behind `'~'` of a system. */
export function systemContract(system: System<string>): SystemContract {
  return (system['~'] as SystemParts).contract;
}

/** The contract without the built-in service `steps`, which runs functions of the processes: no other program serves it. */
export function withoutSteps(system: SystemContract): SystemContract {
  return {
    ...system,
    services: new Map([...system.services].filter(([name]) => name !== STEPS)),
    commands: new Map([...system.commands].filter(([name]) => !isOfStep(name))),
  };
}

function invalidSystem(name: string, faults: readonly string[]): ContractError {
  const heading = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  return new ContractError('CONTRACT_INVALID', `The system ${name} has ${heading}: ${faults.join('; ')}.`, {
    remedy: 'Correct the definitions that the message names.',
    details: { system: name, faults: [...faults] },
  });
}

function notKebab(kind: string, name: string): string {
  return `the ${kind} name ${JSON.stringify(name)} is not kebab-case of at most 50 characters`;
}

function processFaults(processes: readonly ProcessContract[]): string[] {
  const seen = new Set<string>();
  return processes.flatMap(({ name, version }) => {
    const faults = isKebabName(name) ? [] : [notKebab('process', name)];
    if (!Number.isSafeInteger(version) || version < 1)
      faults.push(`the process ${name} has the version ${version}, expected a whole number of 1 or more`);
    const key = `${name}@${version}`;
    if (seen.has(key)) faults.push(`the process ${name} is listed twice with the version ${version}`);
    seen.add(key);
    return faults;
  });
}

/** Names that share a namespace with services: of queues, and of the writers in the bucket of large values. */
const RESERVED_SERVICES: ReadonlyMap<string, string> = new Map([
  ['inbox', 'the queue of the orchestrator'],
  ['starts', 'a queue of the orchestrator'],
  ['operations', 'a queue of the orchestrator'],
  ['hot-lane', 'a queue of the orchestrator'],
  ['orchestrator', 'the writer of the large values of the engine'],
  [STEPS, 'the built-in service of ctx.run'],
]);

function serviceFaults(services: readonly ServiceContract[]): string[] {
  const seen = new Set<string>();
  return services.flatMap(({ name, commands }) => {
    const faults = isKebabName(name) ? [] : [notKebab('service', name)];
    const reserved = RESERVED_SERVICES.get(name);
    if (name.startsWith(`${STEPS}-`))
      faults.push(`a service cannot have the name ${name}: names that begin with ${STEPS}- are reserved for the queues of ctx.run`);
    if (reserved !== undefined) faults.push(`a service cannot have the name ${name}, which is ${reserved}`);
    if (name.endsWith('-dead-letter'))
      faults.push(`a service cannot have the name ${name}: names that end in -dead-letter are reserved for dead-letter queues`);
    if (seen.has(name)) faults.push(`the service ${name} is listed twice`);
    seen.add(name);
    return [...faults, ...verbFaults(name, commands)];
  });
}

function verbFaults(service: string, commands: ReadonlyMap<string, CommandContract>): string[] {
  return [...commands.keys()]
    .filter((command) => !isVerb(command.slice(service.length + 1)))
    .map((command) => `the command name ${JSON.stringify(command)} does not end in a verb such as charge or bookFlight`);
}

function eventFaults(events: readonly EventContract[]): string[] {
  const byType = new Map<string, EventContract>();
  const faults = new Set<string>();
  for (const event of events) {
    const known = byType.get(event.type);
    if (known === undefined) byType.set(event.type, event);
    else if (known.data !== event.data) faults.add(`the event ${event.type} is defined twice with different schemas`);
    if (!isEventType(event.type)) faults.add(`the event type ${JSON.stringify(event.type)} is not an owner, a dot and a kebab-case name`);
  }
  return [...faults];
}

/**
 * Only the owner publishes an event: a system through its processes, a service through its replies. Event rules and the spoofing check rely
 * on it.
 */
function ownershipFaults(system: string, processes: readonly ProcessContract[], services: readonly ServiceContract[]): string[] {
  const published = processes.flatMap(({ name, publishes }) =>
    [...publishes.values()].map((event) => ({ publisher: `the process ${name} publishes`, owner: system, event })),
  );
  const outputs = services.flatMap((service) =>
    [...service.commands.values()].flatMap(({ name, output }) =>
      isEvent(output) ? [{ publisher: `the command ${name} has the output`, owner: service.name, event: eventContract(output) }] : [],
    ),
  );
  return [...published, ...outputs]
    .filter(({ owner, event }) => event.owner !== owner)
    .map(({ publisher, owner, event }) => `${publisher} ${event.type}, which belongs to ${event.owner}: expected an event of ${owner}`);
}

function scheduleFaults(schedules: readonly ScheduleContract[], processes: readonly ProcessContract[]): string[] {
  const seen = new Set<string>();
  return schedules.flatMap(({ name, spec }) => {
    const faults = seen.has(name) ? [`the schedule ${name} is listed twice`] : [];
    seen.add(name);
    if (!processes.some((process) => process.name === spec.process))
      faults.push(`the schedule ${name} starts the process ${spec.process}, which the system does not list`);
    return faults;
  });
}

/** Every event that a process starts on, receives or publishes, and every event that is the output of a command. With duplicates. */
function eventsOf(processes: readonly ProcessContract[], services: readonly ServiceContract[]): EventContract[] {
  const received = processes.flatMap((process) => [...process.startOn, ...process.receives].map((correlation) => correlation.event));
  const published = processes.flatMap((process) => [...process.publishes.values()]);
  const outputs = services.flatMap((service) =>
    [...service.commands.values()]
      .map((command) => command.output)
      .filter(isEvent)
      .map(eventContract),
  );
  return [...received, ...published, ...outputs];
}

function contractOf(
  name: string,
  processes: readonly ProcessContract[],
  services: readonly ServiceContract[],
  schedules: readonly ScheduleContract[],
): SystemContract {
  const byName = new Map<string, ProcessContract[]>();
  for (const process of processes.toSorted((a, b) => b.version - a.version)) {
    const versions = byName.get(process.name);
    if (versions === undefined) byName.set(process.name, [process]);
    else versions.push(process);
  }
  // A decider has no steps.
  const all = processes.some(({ kind }) => kind === 'async') ? [...services, serviceContract(steps)] : services;
  return {
    name,
    processes: byName,
    services: new Map(all.map((service) => [service.name, service])),
    commands: new Map(all.flatMap((service) => [...service.commands])),
    events: new Map(eventsOf(processes, services).map((event) => [event.type, event])),
    ...(schedules.length > 0 && { schedules: new Map(schedules.map((each) => [each.name, each])) }),
  };
}
