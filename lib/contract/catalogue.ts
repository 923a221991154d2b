import { BULK, bulkDefinition } from './bulk.ts';
import { gateDefinition, GATES } from './gate.ts';
import { HOLDS, holdsDefinition } from './holds.ts';
import { keyDefinition, KEYS } from './keys.ts';
import { SCHEDULES, scheduleDefinition, type ScheduleDefinition } from './schedule-instance.ts';
import type { CorrelationContract, ProcessContract, SystemContract } from './runtime-contract.ts';

/** A process that receives an event, and the correlation by which it does. */
export interface Interest {
  readonly definition: ProcessContract;
  readonly correlation: CorrelationContract;
  /** Whether the event starts an instance. If not, it only signals one. */
  readonly starts: boolean;
}

/**
 * The processes that receive each event, by event type. Only the newest version of a process starts instances; older versions only
 * receive events for their open runs.
 */
export class Catalogue {
  readonly system: SystemContract;
  readonly #interests = new Map<string, Interest[]>();
  #schedules: ScheduleDefinition | undefined;

  constructor(system: SystemContract) {
    this.system = system;
    for (const versions of system.processes.values()) {
      const [newest] = versions;
      if (newest) for (const correlation of newest.startOn) this.#add({ definition: newest, correlation, starts: true });
      const received = new Set(newest?.startOn.map(nameOf));
      for (const definition of versions)
        for (const correlation of [...definition.receives, ...definition.startOn]) {
          if (received.has(nameOf(correlation))) continue;
          received.add(nameOf(correlation));
          this.#add({ definition, correlation, starts: false });
        }
    }
  }

  #add(interest: Interest): void {
    const { type } = interest.correlation.event;
    this.#interests.set(type, [...(this.#interests.get(type) ?? []), interest]);
  }

  interests(type: string): readonly Interest[] {
    return this.#interests.get(type) ?? [];
  }

  newest(process: string): ProcessContract | undefined {
    if (process === SCHEDULES) return this.#ofSchedules();
    if (process === BULK) return bulkDefinition;
    if (process === GATES) return gateDefinition;
    if (process === HOLDS) return holdsDefinition;
    return process === KEYS ? keyDefinition : this.system.processes.get(process)?.[0];
  }

  /** The definition that a head names as `name@version`. */
  definition(name: string): ProcessContract | undefined {
    const at = name.lastIndexOf('@');
    if (name.startsWith(SCHEDULES)) return this.#ofSchedules();
    if (name.slice(0, at) === KEYS) return keyDefinition;
    if (name.slice(0, at) === BULK) return bulkDefinition;
    if (name.slice(0, at) === GATES) return gateDefinition;
    if (name.slice(0, at) === HOLDS) return holdsDefinition;
    const version = Number(name.slice(at + 1));
    return this.system.processes.get(name.slice(0, at))?.find((definition) => definition.version === version);
  }

  #ofSchedules(): ScheduleDefinition {
    return (this.#schedules ??= scheduleDefinition(this.system.schedules ?? new Map()));
  }
}

/** A process may have received an event by id in one version, and by key in another. */
function nameOf({ event, by }: CorrelationContract): string {
  return `${event.type} ${by}`;
}

/** The event type of a start by a client: that of the first `startOn`, or `<name>.start`. */
export function startType({ name, startOn }: ProcessContract): string {
  return startOn[0]?.event.type ?? `${name}.start`;
}

export function definitionName(definition: ProcessContract): string {
  return `${definition.name}@${definition.version}`;
}

/**
 * The names of processes under which instances are listed: those of the system, that of schedules, since a client may create one, and that
 * of keys if a process receives an event by a key.
 */
export function listedProcesses({ processes }: Pick<SystemContract, 'processes'>): readonly string[] {
  const byKey = [...processes.values()].flat().some(({ receives }) => receives.some(({ by }) => by === 'key'));
  const limited = [...processes.values()].some(([newest]) => newest?.gate !== undefined);
  return [...processes.keys(), SCHEDULES, BULK, ...(byKey ? [KEYS] : []), ...(limited ? [GATES] : [])];
}
