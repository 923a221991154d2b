import { decodeHead, formatFault } from '../../format/head-codec.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import { definitionOf, splitDefinition } from '../instance.ts';
import { explain, type Why } from './why.ts';

/** Explains the status of a head's instance, with the client's knowledge of the system. */
export function whyOfHead({ system, ports }: Reach, head: Head): Why {
  const unreadable = formatFault(head);
  if (unreadable !== undefined && head.status !== 'stuck') return unreadableWhy(unreadable);
  // The stuck reason is stored outside the unreadable control state.
  const image = decodeHead(unreadable === undefined ? head : { ...head, control: '' });
  const why = explain(image, ports.clock.now(), {
    definition: definitionOf(system, head.definition) ?? (isListed(system, head) ? 'unlisted' : undefined),
    faultOf: (commandId) => ports.faultOf?.(commandId),
  });
  return image.chain ? inRun(why, image.chain.number) : why;
}

/** The explanation of an instance that has continued as new: its first line names the run. */
function inRun(why: Why, number: number): Why {
  const [first = why.line, ...others] = why.lines;
  return { ...why, line: `${why.line} (run ${number})`, lines: [`${first} (run ${number})`, ...others] };
}

function unreadableWhy(fault: string): Why {
  const line = `cannot be read (STATE_FORMAT): ${fault.slice(0, -1)}`;
  return { line, lines: [line], reason: line, pending: [] };
}

/** Whether the system lists the process. The system of a stopped folder lists none. */
export function isListed(system: Reach['system'], head: Head): boolean {
  return system.processes.has(splitDefinition(head.definition).process);
}
