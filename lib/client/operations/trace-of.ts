import { isClosed } from '../../core/image.ts';
import { decodeHead, formatFault } from '../../format/head-codec.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import type { Status } from '../describe.ts';
import { requireData } from '../erased.ts';
import { runSpans } from '../trace/run-spans.ts';
import { readRunJournal } from './journal-view.ts';
import type { TraceResponse } from './operations.ts';

/** The name of the system in traces, if the folder of a stopped system does not say it. */
const UNNAMED = 'tutti';

/** The spans of a run of an instance, by its number; else of the current run. */
export async function traceOf({ ports, system }: Reach, head: Head, number: number | undefined): Promise<TraceResponse> {
  requireData(head);
  const { run, entries } = await readRunJournal(ports, head, number, { payloads: false });
  const isCurrent = run === head.run;
  const image = isCurrent && formatFault(head) === undefined ? decodeHead(head) : undefined;
  const spans = runSpans({
    pid: head.pid,
    run,
    entries,
    ...(image?.waits && { waits: image.waits }),
    ...(image?.trace !== undefined && { traceparent: image.trace }),
    now: ports.clock.now(),
  });
  const status = head.status as Status;
  return { system: system.name || UNNAMED, run, status, isEnded: !isCurrent || isClosed(status), spans };
}
