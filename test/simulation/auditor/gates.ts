import { isGate, START } from '../../../lib/contract/gate.ts';
import { parsePid, pidOfCommand } from '../../../lib/contract/wire/process-id.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { Contracts } from './contracts.ts';
import { isOpenRun, type InstancePicture, type RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** The gate that has started a run; undefined if no gate has. */
const gateOf = (run: RunPicture | undefined): string | undefined => {
  const [began] = run?.entries ?? [];
  const gate = began?.type === 'ProcessStarted' && began.parent !== undefined ? pidOfCommand(began.parent) : undefined;
  return gate !== undefined && isGate(gate) ? gate : undefined;
};

/** I13: at most as many instances of a gate are open as it has slots. Checked when one begins. */
export const checkSlots = (
  { pid, head }: InstancePicture,
  pictures: ReadonlyMap<string, InstancePicture>,
  contracts: Contracts,
  report: Report,
): void => {
  const gate = gateOf(pictures.get(pid)?.runs.get(head?.run ?? ''));
  const spec = contracts.newest(parsePid(pid)?.process ?? '')?.gate?.spec;
  if (gate === undefined || spec?.kind !== 'concurrency' || pictures.get(gate)?.disturbed) return;
  const open = [...pictures.values()].filter(
    (each) => isOpenRun(each) && !each.disturbed && gateOf(each.runs.get(each.head?.run ?? '')) === gate,
  );
  if (open.length > spec.most) report('I13', `${open.map((each) => each.pid).join(' and ')} run at once: ${gate} has ${spec.most} slots`);
};

/** I6, I7, at rest: each start that a gate has received began one instance, alone or with the others of its window, in order. */
export const checkGates = (pictures: ReadonlyMap<string, InstancePicture>, report: Report): void => {
  for (const gate of pictures.values()) if (isGate(gate.pid) && !gate.disturbed) checkGate(gate, pictures, report);
};

const checkGate = ({ pid, image, runs }: InstancePicture, pictures: ReadonlyMap<string, InstancePicture>, report: Report): void => {
  const came = [...runs.values()].flatMap(({ entries }) => entries.flatMap(startsIn));
  const left: string[] = [];
  for (const run of runs.values())
    for (const entry of run.entries) {
      if (entry.type === 'WindowClosed') {
        left.push(...entry.ids);
        const instance = [...pictures.values()].find((each) => each.pid.endsWith(`#${entry.path}`));
        checkBegun(instance, entry.ids, { pid, report });
      }
      if (entry.type === 'CommandIssued' && entry.command === START) {
        const id = came[left.length];
        left.push(...(id === undefined ? [] : [id]));
        checkBegun(pictures.get(entry.owner ?? ''), id === undefined ? [] : [id], { pid, report });
      }
    }
  const waiting = (image?.waiting ?? []).map(({ id }) => id);
  if ([...left, ...waiting].join() !== came.join())
    report('I6', `${pid} has the starts ${came.join()}, of which began ${left.join() || 'none'}, and wait ${waiting.join() || 'none'}`);
};

const startsIn = (entry: JournalEntry): readonly string[] =>
  (entry.type === 'ProcessStarted' && !entry.continues) || entry.type === 'EventReceived' ? [entry.id] : [];

/** A start whose id is taken is rejected. */
const checkBegun = (
  instance: InstancePicture | undefined,
  ids: readonly string[],
  { pid, report }: { readonly pid: string; readonly report: Report },
): void => {
  if (instance?.disturbed) return;
  const runs = [...(instance?.runs.values() ?? [])];
  const began = runs.flatMap(({ entries: [first] }) => (first?.type === 'ProcessStarted' && first.id === ids[0] ? [first] : []));
  const isRejected = runs.some(({ entries }) => entries.some((entry) => entry.type === 'StartRejected' && entry.id === ids[0]));
  if (began.length === 0 && !isRejected) report('I6', `${ids.join()} left ${pid}, and began no instance`);
  const [data] = began.map((entry) => ('data' in entry ? entry.data : undefined));
  if (Array.isArray(data) && data.length !== ids.length)
    report('I6', `${instance?.pid} has ${data.length} starts, and its window in ${pid} had ${ids.length}`);
};
