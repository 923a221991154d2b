import type { Choices } from '../../simulation/world/choices.ts';
import type { AwsRequest, Service } from './aws-request.ts';

/** The faults that the proxy injects. */
export const FAULT_KINDS = [
  'answer-lost',
  'server-error',
  'throttled',
  'slow',
  'arrives-late',
  'sent-twice',
  'entries-failed',
  'keys-unprocessed',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** The chance of each kind, from 0 to 1, for every call of a service to which the kind can happen. Their sum is at most 1. */
export type Rates = Readonly<Record<Service, Readonly<Partial<Record<FaultKind, number>>>>>;

/** Operations with entries of which some may fail while the call succeeds. */
const BATCHES: ReadonlySet<string> = new Set(['SendMessageBatch', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch', 'PutEvents']);
const SENDS: ReadonlySet<string> = new Set(['SendMessage', 'SendMessageBatch', 'PutEvents']);

/** Whether that can happen to such a request at all. */
const applies: Readonly<Record<FaultKind, (operation: string) => boolean>> = {
  'answer-lost': () => true,
  'server-error': () => true,
  throttled: () => true,
  slow: () => true,
  'arrives-late': () => true,
  'sent-twice': (operation) => SENDS.has(operation),
  'entries-failed': (operation) => BATCHES.has(operation),
  'keys-unprocessed': (operation) => operation === 'BatchGetItem',
};

/** More tries than the SDK makes: such a call fails for good. */
const ALL_TRIES = 99;
/** The number of calls that are remembered: far more than are in flight at once. */
const REMEMBERED_MAX = 1_000;

interface Planned {
  readonly kind: FaultKind;
  triesLeft: number;
}

/**
 * Draws the fault of each request. It draws once per call: the SDK makes four attempts, so a separate draw for each would hardly ever
 * make the whole call fail.
 */
export class FaultPlan {
  readonly #choices: Choices;
  readonly #rates: Rates;
  readonly #lasting: number;
  readonly #planned = new Map<string, Planned | undefined>();

  /** `lasting`: the part of the faults that stay for all tries of their call; the others are gone with the next. */
  constructor(choices: Choices, rates: Rates, lasting: number) {
    this.#choices = choices;
    this.#rates = rates;
    this.#lasting = lasting;
  }

  next({ service, operation, invocation }: AwsRequest): FaultKind | undefined {
    if (invocation === undefined) return this.#draw(service, operation);
    if (!this.#planned.has(invocation)) this.#remember(invocation, this.#plan(service, operation));
    const planned = this.#planned.get(invocation);
    if (planned === undefined || planned.triesLeft === 0) return undefined;
    planned.triesLeft -= 1;
    return planned.kind;
  }

  #plan(service: Service, operation: string): Planned | undefined {
    const kind = this.#draw(service, operation);
    return kind && { kind, triesLeft: this.#choices.chance(this.#lasting) ? ALL_TRIES : 1 };
  }

  #remember(invocation: string, planned: Planned | undefined): void {
    this.#planned.set(invocation, planned);
    const [oldest] = this.#planned.keys();
    if (this.#planned.size > REMEMBERED_MAX && oldest !== undefined) this.#planned.delete(oldest);
  }

  #draw(service: Service, operation: string): FaultKind | undefined {
    // The choice 0 is the harmless one.
    let point = 1 - this.#choices.fraction();
    for (const kind of FAULT_KINDS) {
      const rate = applies[kind](operation) ? (this.#rates[service][kind] ?? 0) : 0;
      if (point <= rate) return kind;
      point -= rate;
    }
    return undefined;
  }
}
