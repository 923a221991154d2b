import type { Json } from '../../../../lib/contract/schema.ts';
import type { Site } from '../scenario.ts';

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
}

/** Something is done in a foreign system, between two instants at which the worker may die. */
export const done = async (site: Site, command: string, input: Json, { commandId, undoes }: Task): Promise<void> => {
  await site.pass();
  site.effect({ commandId, command, input, ...(undoes !== undefined && { undoes }) });
  await site.pass();
};

/** What stands of a run, by command, in alphabetical order. */
export const namesOf = (effects: readonly { readonly command: string }[]): string =>
  effects
    .map(({ command }) => command)
    .toSorted()
    .join(' ');
