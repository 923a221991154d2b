import type { AnyProcess } from '../contract/process-contract.ts';
import { thrownText } from '../contract/wire/thrown-text.ts';
import type { InstanceFilter } from '../ports/instance-index.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { descriptionOf, type Status, type Summary } from './describe.ts';
import { namesOf } from './instance.ts';
import { tenantOf } from './tenant.ts';

/** Which instances are listed: those that fit all that is given. */
export interface ListFilter {
  readonly process?: Pick<AnyProcess, 'name'>;
  readonly status?: Status | Status[];
  readonly tag?: Readonly<Record<string, string>>;
  /** Only instances with a command whose outcome nobody knows. */
  readonly unresolved?: boolean;
  /** Inclusive, as `startedBefore` is. */
  readonly startedAfter?: Date;
  readonly startedBefore?: Date;
}

/** Of the tenant of the client, the newest start first. The list may lag behind; `describe` does not. */
export async function* listInstances(reach: Reach, filter: ListFilter = {}): AsyncGenerator<Summary, void, undefined> {
  for await (const head of reach.ports.index.list(indexFilter(reach, filter))) {
    yield summaryOf(reach, head);
  }
}

/** One head that cannot be read, as a newer build may have written it, does not hide the others. */
function summaryOf(reach: Reach, head: Head): Summary {
  try {
    const { run, status, started, why } = descriptionOf(reach, head, {});
    return { ...namesOf(head.pid), run, status, started, why };
  } catch (error) {
    const why = `its head cannot be read: ${thrownText(error)}`;
    return { ...namesOf(head.pid), run: head.run, status: head.status as Status, started: new Date(head.startedAt), why };
  }
}

function indexFilter(
  reach: Pick<Reach, 'tenant'>,
  { process, status, tag, unresolved, startedAfter, startedBefore }: ListFilter,
): InstanceFilter {
  return {
    tenant: tenantOf(reach),
    ...(process === undefined ? {} : { process: process.name }),
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(unresolved === true ? { unresolved } : {}),
    ...(startedAfter === undefined ? {} : { startedAfter: startedAfter.getTime() }),
    ...(startedBefore === undefined ? {} : { startedBefore: startedBefore.getTime() }),
  };
}
