import { limitsText } from '../../contract/limits.ts';
import { instanceText } from '../../contract/wire/process-id.ts';
import type { Image } from '../../core/image.ts';
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
    limitsOf: (command) => {
      const limits = system.commands.get(command)?.limits;
      return limits && limitsText(limits);
    },
  });
  return withForks(image.chain ? inRun(why, image.chain.number) : why, image);
}

/** The original of a fork and the forks of an original, one line each. */
function withForks(why: Why, { fork, forks = [] }: Image): Why {
  const lines = [
    ...(fork ? [`it is a fork of ${instanceText(fork.pid)}`] : []),
    ...forks.map((pid) => `it was forked as ${instanceText(pid)}`),
  ];
  return lines.length === 0 ? why : { ...why, lines: [...why.lines, ...lines] };
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
