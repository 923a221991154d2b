import { definitionAfter } from '../core/replay.ts';
import { layOut, type Layout } from '../flow/layout.ts';
import { openNodes, progressOf, waitsAfter } from '../flow/progress.ts';
import { svgOf } from '../flow/svg.ts';
import { walk } from '../flow/walk.ts';
import { flowOf, type DefinitionFlow } from '../client/flow.ts';
import { codeOfRun, splitDefinition } from '../client/instance.ts';
import { readRun } from './journal-rows.ts';
import type { Call } from './route.ts';
import type { FlowView } from './views.ts';

/** Open instances that the counts of a definition read. */
const SAMPLE = 200;
const LAYOUTS_MAX = 100;

/** By definition and code. A layout takes up to 0.2 seconds, and never changes. */
const layouts = new Map<string, Promise<Layout>>();

function layoutOf({ flow, code }: DefinitionFlow): Promise<Layout> {
  const key = `${flow.process}@${flow.version} ${code}`;
  const known = layouts.get(key);
  if (known) return known;
  const laid = layOut(flow);
  layouts.set(key, laid);
  // A missing package may be installed meanwhile.
  laid.catch(() => layouts.delete(key));
  const [oldest] = layouts.keys();
  if (oldest !== undefined && layouts.size > LAYOUTS_MAX) layouts.delete(oldest);
  return laid;
}

/** The diagram of an instance, with its progress, of the code that began it. */
export async function instanceFlow(call: Call): Promise<FlowView> {
  const { run, entries, head } = await readRun(call);
  const { definition } = definitionAfter(entries) ?? head;
  const { process, version } = splitDefinition(definition);
  const code = codeOfRun(definition, entries);
  const found = await flowOf(call.reach, process, { version, ...(code !== undefined && { code }) });
  const { flow } = found;
  const walked = walk(flow, entries);
  const progress = progressOf(flow, entries, walked);
  const layout = await layoutOf(found);
  const isOpen = run === head.run && (head.status === 'running' || head.status === 'stuck');
  const open = openNodes(progress);
  const here = open.length > 0 ? open : waitsAfter(flow, walked.tokens);
  return {
    process,
    version,
    code: found.code,
    layout,
    svg: svgOf(layout, progress),
    progress: Object.fromEntries(progress),
    ...(isOpen && { here: here.length > 0 ? here : walked.tokens }),
    notes: [...flow.unresolved, ...unplaced(walked.places)],
  };
}

function unplaced(places: readonly (readonly string[])[]): readonly string[] {
  const count = places.filter((each) => each.length === 0).length;
  return count === 0 ? [] : [`${count} of ${places.length} journal entries belong to no node of this diagram`];
}

/** The diagram of a definition, with the number of open instances at each node, from the newest of them. */
export async function definitionFlow({ reach, path, query }: Call): Promise<FlowView> {
  const version = query.number('version');
  const code = query.text('code');
  const found = await flowOf(reach, path['process'] as string, {
    sample: SAMPLE,
    ...(version !== undefined && { version }),
    ...(code !== undefined && { code }),
  });
  const layout = await layoutOf(found);
  const { flow, counts, codes } = found;
  return {
    process: flow.process,
    version: flow.version,
    code: found.code,
    codes,
    layout,
    svg: svgOf(layout),
    ...(counts && { counts: counts.nodes, sampled: counts.sampled }),
    notes: flow.unresolved,
  };
}
