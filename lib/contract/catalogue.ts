import type { CorrelationContract, ProcessContract, SystemContract } from './runtime-contract.ts';

/** One way in which an event concerns a process. */
export interface Interest {
  readonly definition: ProcessContract;
  readonly correlation: CorrelationContract;
  /** It begins an instance; else it only signals one. */
  readonly starts: boolean;
}

/** Who hears which event, looked up by type. Only the newest version of a process starts; older ones only go on. */
export class Catalogue {
  readonly system: SystemContract;
  readonly #interests = new Map<string, Interest[]>();

  constructor(system: SystemContract) {
    this.system = system;
    for (const versions of system.processes.values()) {
      const [newest] = versions;
      if (newest) for (const correlation of newest.startOn) this.#add({ definition: newest, correlation, starts: true });
      const heard = new Set(newest?.startOn.map((correlation) => correlation.event.type));
      for (const definition of versions)
        for (const correlation of [...definition.receives, ...definition.startOn]) {
          if (heard.has(correlation.event.type)) continue;
          heard.add(correlation.event.type);
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
    return this.system.processes.get(process)?.[0];
  }

  /** `name@version`, as a head says it. */
  definition(name: string): ProcessContract | undefined {
    const at = name.lastIndexOf('@');
    const version = Number(name.slice(at + 1));
    return this.system.processes.get(name.slice(0, at))?.find((definition) => definition.version === version);
  }
}

/** The type of the event that a client's start is. */
export const startType = ({ name, startOn }: ProcessContract): string => startOn[0]?.event.type ?? `${name}.start`;

export const definitionName = (definition: ProcessContract): string => `${definition.name}@${definition.version}`;
