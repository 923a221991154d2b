import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connect } from '../../lib/client/connect.ts';
import type { Client } from '../../lib/client/client.ts';
import { Runtime, type RuntimeOptions } from '../../lib/local/runtime.ts';
import { serve } from '../../lib/service/serve.ts';
import type { Head, HeadStatus } from '../../lib/ports/process-store.ts';
import { jobs, work } from './watched-system.ts';

export const ENTRY = new URL('./watched-system.ts', import.meta.url);

export interface RunningJobs {
  readonly runtime: Runtime;
  readonly client: Client;
  /** The codes and messages of what went wrong and was tried again. */
  readonly faults: readonly string[];
  /** The reports of instances that got stuck. */
  readonly stuck: readonly string[];
  /** Resolves with the first head of the job in that status, at once where it has been committed before. */
  until(id: string, status: HeadStatus, process?: string): Promise<Head>;
}

export const pidOf = (id: string, process = 'run-job'): string => `default#${process}#${id}`;

/** A folder that is gone after the test. */
export const testFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-local-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** The jobs with their engine in a thread; the watchdog of the test does not wait long. */
export const startJobs = async (options: Partial<RuntimeOptions> = {}): Promise<RunningJobs> => {
  const heads = new Map<string, Head>();
  const waiting = new Map<string, (head: Head) => void>();
  const faults: string[] = [];
  const stuck: string[] = [];
  const runtime = new Runtime(jobs, {
    services: [serve(work, { run: async ({ id }) => ({ done: id }) })],
    entry: ENTRY,
    watchdogMs: 400,
    onFault: (error) => ((error as { readonly code?: unknown }).code === 'STUCK' ? stuck : faults).push(String(error)),
    onCommit: (head) => {
      const key = `${head.pid} ${head.status}`;
      if (heads.has(key)) return;
      heads.set(key, head);
      waiting.get(key)?.(head);
    },
    ...options,
  });
  await runtime.start();
  return {
    runtime,
    client: connect(jobs, runtime.connection),
    faults,
    stuck,
    until: (id, status, process) => {
      const key = `${pidOf(id, process)} ${status}`;
      const head = heads.get(key);
      return head ? Promise.resolve(head) : new Promise((resolve) => waiting.set(key, resolve));
    },
  };
};
