import type { InstanceRef, SystemView } from '../lib/console/views.ts';

/*
 * The operations that views offer. The forms of their dialogs are code that no view shows, so it is loaded when an operation is opened.
 */

export const operations = (): Promise<typeof import('./operations.tsx')> => import('./operations.tsx');

export const forks = (): Promise<typeof import('./fork.tsx')> => import('./fork.tsx');

/** The events that a process receives, with or without an answer. */
export function eventsOf(system: SystemView, { process }: InstanceRef, isAsked: boolean): SystemView['events'] {
  const receives = system.processes.find(({ name }) => name === process)?.receives ?? [];
  return system.events.filter(({ type, answer }) => receives.includes(type) && (answer !== undefined) === isAsked);
}
