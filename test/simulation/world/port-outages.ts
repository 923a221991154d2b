import type { Choices } from './choices.ts';
import type { OutageKind } from './faults.ts';

/** A port that is out of reach, in milliseconds after the beginning. `share` of its calls fail; 1 means all of them. */
export interface PortOutage {
  readonly kind: OutageKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly share: number;
}

const HEADS = ['load', 'commit', 'buffer', 'spill', 'chunks', 'list', 'due', 'closed', 'retire'] as const;
const PARKED = ['park', 'parked', 'redriven', 'attempt'] as const;

/** The calls that each outage refuses. Event source mappings still deliver messages; then the calls of the worker fail. */
const CALLS: Readonly<Record<OutageKind, ReadonlySet<string>>> = {
  'store-outage': new Set<string>([...HEADS, ...PARKED]),
  'queue-outage': new Set(['send', 'receive', 'delete', 'change-visibility']),
  'bus-outage': new Set(['publish']),
};

/** The ports that are out of reach now. */
export class PortOutages {
  readonly #choices: Choices;
  #under: readonly { readonly kind: OutageKind; readonly until: number; readonly share: number }[] = [];

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  begin(kind: OutageKind, until: number, share: number): void {
    this.#under = [...this.#under, { kind, until, share }];
  }

  refuses(call: string, now: number): boolean {
    return this.#under.some(({ kind, until, share }) => until > now && CALLS[kind].has(call) && this.#choices.chance(share));
  }
}
