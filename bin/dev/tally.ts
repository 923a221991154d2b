import ms from 'ms';
import { isClosed, type InstanceStatus } from '../../lib/core/image.ts';
import type { Status as ListedStatus, Summary } from '../../lib/client/describe.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import type { Terminal } from '../terminal.ts';
import type { CallCounts } from './call-counter.ts';

/** Counts instances, commits and durations of one `tutti dev` session. */
export class Tally {
  readonly #statuses = new Map<string, InstanceStatus>();
  readonly #counts = new Map<InstanceStatus, number>();
  /** Durations of the instances that ended in this session, in milliseconds. */
  readonly #durations: number[] = [];
  #commits = 0;

  note(head: Head): void {
    this.#commits += 1;
    const before = this.#statuses.get(head.pid);
    if (before === head.status) return;
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 1) - 1);
    this.#statuses.set(head.pid, head.status);
    this.#counts.set(head.status, (this.#counts.get(head.status) ?? 0) + 1);
    if (isClosed(head.status) && head.closedAt !== undefined) this.#durations.push(head.closedAt - head.startedAt);
  }

  get instances(): number {
    return this.#statuses.size;
  }

  /** `12 instances: 10 completed, 2 failed`. */
  line(): string {
    const counts = [...this.#counts].filter(([, count]) => count > 0).map(([status, count]) => `${count} ${status}`);
    return `${this.instances} ${this.instances === 1 ? 'instance' : 'instances'}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
  }

  summary(calls: CallCounts, stuck: readonly StuckInstance[]): DevSummary {
    const sorted = this.#durations.toSorted((a, b) => a - b);
    const per = Math.max(1, this.instances);
    return {
      instances: this.instances,
      statuses: Object.fromEntries([...this.#counts].filter(([, count]) => count > 0)),
      ...(sorted.length === 0 ? {} : { durationMs: { median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) } }),
      commits: this.#commits,
      callsPerInstance: Object.fromEntries(Object.entries(calls).map(([port, count]) => [port, Math.round((count / per) * 10) / 10])),
      stuck,
    };
  }
}

export interface StuckInstance {
  readonly process: string;
  readonly id: string;
  readonly why: string;
}

export interface DevSummary {
  readonly instances: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly durationMs?: { readonly median: number; readonly p95: number };
  readonly commits: number;
  readonly callsPerInstance: Readonly<Record<string, number>>;
  readonly stuck: readonly StuckInstance[];
}

export function stuckInstance({ process, id, why }: Summary & { readonly status: ListedStatus }): StuckInstance {
  return { process, id, why };
}

/** `sorted` must not be empty. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

const PORT_WORDS: Readonly<Record<string, string>> = {
  processStore: 'process store',
  payloadStore: 'payload store',
  idempotencyStore: 'command records',
  sender: 'queue sends',
  publisher: 'bus',
};

export function printSummary(terminal: Terminal, tally: Tally, summary: DevSummary): void {
  const { colors } = terminal;
  const lines = [colors.bold(tally.line())];
  if (summary.durationMs !== undefined) {
    lines.push(`duration: median ${ms(summary.durationMs.median)}, 95th percentile ${ms(summary.durationMs.p95)}`);
  }
  if (summary.instances > 0) {
    const calls = Object.entries(summary.callsPerInstance).filter(([, count]) => count > 0);
    lines.push(`calls per instance: ${calls.map(([port, count]) => `${PORT_WORDS[port] ?? port} ${count}`).join(', ')}`);
  }
  for (const { process, id, why } of summary.stuck) lines.push(colors.red(`${process} ${id} is ${why}`));
  terminal.print(...lines);
}
