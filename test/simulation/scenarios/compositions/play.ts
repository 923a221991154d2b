/** A step of a play. `label` names it in the whole instance. Every step ends by itself, so that every play does. */
export type PlayStep =
  /** A call with an undo. */
  | { readonly kind: 'make'; readonly label: string; readonly does: 'ok' | 'refuse' | 'slow' }
  /** Fire and forget. */
  | { readonly kind: 'tell'; readonly label: string }
  | { readonly kind: 'sleep'; readonly seconds: number }
  /** Waits by id or, with `key`, by key. */
  | { readonly kind: 'wait'; readonly seconds: number; readonly key?: string }
  /** Waits for a question, and answers it. */
  | { readonly kind: 'answer'; readonly seconds: number }
  | { readonly kind: 'scope'; readonly name: string; readonly shielded: boolean; readonly body: Play }
  | { readonly kind: 'race' | 'all'; readonly branches: readonly Play[] }
  | { readonly kind: 'map'; readonly items: readonly Play[]; readonly atOnce: number; readonly tolerate?: number }
  | { readonly kind: 'child'; readonly id: string; readonly play: Play; readonly detached: boolean }
  /** Goes on after a failure of its body. */
  | { readonly kind: 'catch'; readonly body: Play }
  /** Only a run that takes the change makes it. */
  | { readonly kind: 'patched'; readonly change: string; readonly label: string }
  | { readonly kind: 'fail' };

export type Play = readonly PlayStep[];

/** The input of an instance. `legs`: a run plays the first, and the next run, which continues it, the others. `kept`: the makes before. */
export interface Part {
  readonly id: string;
  readonly leg: number;
  readonly kept: readonly string[];
  readonly legs: readonly Play[];
}
