import type { Json } from '../../../../lib/contract/schema.ts';
import type { Site } from '../scenario.ts';

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
}

/** Makes one effect in a foreign system. The worker may crash before and after it. */
export const done = async (site: Site, command: string, input: Json, { commandId, undoes }: Task): Promise<void> => {
  await site.pass();
  site.effect({ commandId, command, input, ...(undoes !== undefined && { undoes }) });
  await site.pass();
};

/** The commands of these effects, in alphabetical order. */
export const namesOf = (effects: readonly { readonly command: string }[]): string =>
  effects
    .map(({ command }) => command)
    .toSorted()
    .join(' ');
