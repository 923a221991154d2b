import { decodeHead, formatFault } from '../../format/head-codec.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import { definitionOf, splitDefinition } from '../instance.ts';
import { explain, type Why } from './why.ts';

/** Why the instance of a head is where it is, with all that this client knows of its system. */
export function whyOfHead({ system, ports }: Reach, head: Head): Why {
  const unreadable = formatFault(head);
  if (unreadable !== undefined && head.status !== 'stuck') return unreadableWhy(unreadable);
  // Why it is stuck is said beside the control state.
  const image = decodeHead(unreadable === undefined ? head : { ...head, control: '' });
  return explain(image, ports.clock.now(), {
    definition: definitionOf(system, head.definition) ?? (isListed(system, head) ? 'unlisted' : undefined),
    faultOf: (commandId) => ports.faultOf?.(commandId),
  });
}

function unreadableWhy(fault: string): Why {
  const line = `cannot be read (STATE_FORMAT): ${fault.slice(0, -1)}`;
  return { line, lines: [line], pending: [] };
}

/** Whether the system lists the process at all: what is read from a folder alone belongs to a system that lists nothing. */
export function isListed(system: Reach['system'], head: Head): boolean {
  return system.processes.has(splitDefinition(head.definition).process);
}
