import { tenantOfPid } from '../../contract/wire/process-id.ts';
import type { Head, HeadStatus } from '../../ports/process-store.ts';
import type { ClosedInstance, RetirementStore } from '../../ports/retirement-store.ts';
import { chunkGroup, chunkKey, type ProcessTables } from './process-store.ts';

export const CLOSED_STATUSES: readonly HeadStatus[] = ['completed', 'failed', 'cancelled', 'terminated'];

/** Retires instances of a `MemoryProcessStore`. A table in memory has no expiry, so a retired instance is removed at once. */
export class MemoryRetirementStore implements RetirementStore {
  readonly #tables: Pick<ProcessTables, 'heads' | 'chunks'>;
  readonly #gone: ((head: Head) => void) | undefined;

  /** `gone` is called with each head that is removed, for the indexes. */
  constructor(tables: Pick<ProcessTables, 'heads' | 'chunks'>, gone?: (head: Head) => void) {
    this.#tables = tables;
    this.#gone = gone;
  }

  async closed(tenant: string, instant: number, limit: number): Promise<readonly ClosedInstance[]> {
    const found: Head[] = [];
    for (const head of this.#tables.heads.resident())
      if (tenantOfPid(head.pid) === tenant && isRetirable(head) && (head.closedAt ?? Infinity) <= instant) found.push(head);
    found.sort((left, right) => (left.closedAt ?? 0) - (right.closedAt ?? 0));
    return found.slice(0, limit).map(({ pid, version }) => ({ pid, version }));
  }

  async retire(pid: string, version: number, _expiresAt: number): Promise<boolean> {
    const { heads, chunks } = this.#tables;
    const head = heads.get(pid);
    if (!head || !isRetirable(head) || head.version !== version) return false;
    for (const chunk of chunks.list(chunkGroup(head))) chunks.delete(chunkKey(chunk));
    heads.delete(pid);
    this.#gone?.(head);
    return true;
  }
}

/** An instance that became stuck after it had closed keeps its closing time. */
export function isRetirable({ status, closedAt }: Head): boolean {
  return closedAt !== undefined && CLOSED_STATUSES.includes(status);
}
