import { isClosed, type Image } from '../../core/image.ts';
import { decodeHead, formatFault } from '../../format/head-codec.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import { namesOf, splitDefinition } from '../instance.ts';
import type { Facts } from '../where.ts';
import { causeOf } from './causes.ts';
import { pendingOf, stepName } from './pending-steps.ts';
import { whyOfHead } from './why-of-head.ts';

/** The properties of a head that a filter reads (lib/client/where.ts). Its control state is decoded only for a term that needs it. */
export function factsOf(reach: Reach, head: Head): Facts {
  const { status, tags = {}, startedAt, clock } = head;
  let decoded: Image | undefined;
  /** Undefined if another build has written it in a format that this build does not read. */
  const image = (): Image | undefined => (decoded ??= formatFault(head) === undefined ? decodeHead(head) : undefined);
  return {
    ...namesOf(head.pid),
    status,
    paused: head.paused !== undefined,
    unresolved: head.unresolved !== undefined,
    version: splitDefinition(head.definition).version,
    tags,
    started: startedAt,
    waitedSince: () => {
      if (status === 'stuck') return clock;
      return isClosed(status) ? undefined : Math.min(clock, ...[...(image()?.commands.values() ?? [])].map(({ since }) => since));
    },
    waits: () => waitsOf(image()),
    why: () => whyOfHead(reach, head).line,
    causes: () => {
      const { cause, code } = causeOf(reach, head);
      return code === undefined ? [cause] : [cause, code];
    },
  };
}

function waitsOf(image: Image | undefined): readonly string[] {
  if (image === undefined || isClosed(image.status)) return [];
  return pendingOf(image).flatMap(({ path, command }) => [stepName(path), ...(typeof command === 'string' ? [command] : [])]);
}
