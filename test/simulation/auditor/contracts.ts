import type { CommandContract, ProcessContract, ScheduleContract } from '../../../lib/contract/runtime-contract.ts';
import { systemContract, type System } from '../../../lib/contract/system.ts';
import { identityOf } from '../../../lib/core/identity.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import { Catalogue, startType, type Interest } from '../../../lib/contract/catalogue.ts';

/** The contracts of all builds of a system: an old worker and a new one read the same message, each with its own build. */
export class Contracts {
  readonly system: string;
  /** The newest build first. */
  readonly #catalogues: readonly Catalogue[];

  constructor(builds: readonly System<string>[]) {
    this.#catalogues = builds.toReversed().map((build) => new Catalogue(systemContract(build)));
    this.system = this.#catalogues[0]?.system.name ?? '';
  }

  /** The schedules that any build lists. */
  get schedules(): readonly ScheduleContract[] {
    return this.#catalogues.flatMap(({ system }) => [...(system.schedules?.values() ?? [])]);
  }

  command(name: string): CommandContract | undefined {
    return this.#first((catalogue) => catalogue.system.commands.get(name));
  }

  isService(name: string): boolean {
    return this.#first((catalogue) => catalogue.system.services.get(name)) !== undefined;
  }

  interests(type: string): readonly Interest[] {
    return this.#first((catalogue) => (catalogue.interests(type).length > 0 ? catalogue.interests(type) : undefined)) ?? [];
  }

  newest(process: string): ProcessContract | undefined {
    return this.#first((catalogue) => catalogue.newest(process));
  }

  /** The types of the events that begin runs of this process, in any build. */
  startTypes(process: string): string[] {
    const definitions = this.#catalogues.flatMap((catalogue) => catalogue.system.processes.get(process) ?? catalogue.newest(process) ?? []);
    return [...new Set(definitions.flatMap((each) => [startType(each), ...each.startOn.map(({ event }) => event.type)]))];
  }

  /** `name@version`, as in a head. */
  definition(name: string): ProcessContract | undefined {
    return this.#first((catalogue) => catalogue.definition(name));
  }

  /** The builds that list this definition, the newest first. */
  cataloguesOf(name: string): readonly Catalogue[] {
    return this.#catalogues.filter((catalogue) => catalogue.definition(name) !== undefined);
  }

  #first<Value>(find: (catalogue: Catalogue) => Value | undefined): Value | undefined {
    for (const catalogue of this.#catalogues) {
      const found = find(catalogue);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The name of the run that an engine command begins. */
export const startIdentity = (pid: string, commandId: string): string => identityOf(sha256, { pid, event: '#command', id: commandId });

/** The name of the run that the command of an original begins. */
export const forkIdentity = (pid: string, commandId: string): string => identityOf(sha256, { pid, event: '#fork', id: commandId });
