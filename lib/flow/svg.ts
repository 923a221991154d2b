import { NODE_WORDS, type FlowNode, type NodeKind } from './flow.ts';
import type { NodeProgress } from './progress.ts';
import { rowsBelow, shortened, shortLabel, type Layout, type PlacedEdge, type PlacedNode, type PlacedScope } from './layout.ts';

/**
 * One picture without scripts, fonts or links. It follows the light or dark scheme of the reader, and a screen reader reads its nodes as a
 * list. With the progress of a run, each node has its state, and those that the run has not reached are pale.
 */
export function svgOf({ flow, width, height, nodes, edges, scopes }: Layout, progress?: ReadonlyMap<string, NodeProgress>): string {
  const title = `${flow.process}, version ${flow.version}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="list" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    STYLE,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="arrow"/></marker></defs>',
    '<rect width="100%" height="100%" class="page"/>',
    ...scopes.toSorted((one, other) => other.width * other.height - one.width * one.height).map(scope),
    ...edges.map(edge),
    ...nodes.map((placed) => node(placed, progress?.get(placed.id), progress !== undefined)),
    '</svg>',
  ].join('\n');
}

const STYLE = `<style>
svg{font-family:system-ui,-apple-system,"Segoe UI",sans-serif;font-size:12px;--page:#fff;--ink:#16191f;--quiet:#5f6b7a;--line:#7d8998;--box:#f4f6f9;--call:#dbeafe;--wait:#fef3c7;--tell:#eef2f6;--good:#dcfce7;--bad:#fee2e2;--badink:#b42318;--undo:#f3e8ff;--undoink:#7e22ce;--doneink:#15803d;--runink:#1d4ed8;--waitink:#92580c}
@media (prefers-color-scheme:dark){svg{--page:#0f1b2a;--ink:#e9ebed;--quiet:#9ba7b6;--line:#7d8998;--box:#192534;--call:#1d3a5f;--wait:#4a3d12;--tell:#26323f;--good:#14432a;--bad:#4c1d1d;--badink:#ff9d94;--undo:#3b2355;--undoink:#d8b4fe;--doneink:#86efac;--runink:#93c5fd;--waitink:#fcd34d}}
.page{fill:var(--page)}.box{fill:var(--box);stroke:var(--line);stroke-dasharray:2 3}.edge{fill:none;stroke:var(--line)}.arrow{fill:var(--line)}
.fails{stroke:var(--badink);stroke-dasharray:4 3}.undoes{stroke:var(--undoink);stroke-dasharray:4 3}
.shape{stroke:var(--line);fill:var(--tell)}.command,.step,.child{fill:var(--call)}.wait,.timer,.handler{fill:var(--wait)}.end{fill:var(--good)}.failure,.caught{fill:var(--bad)}
.undo,.compensation{fill:var(--undo)}.start,.choice,.loop{fill:var(--page)}.fork,.join{fill:var(--line);stroke:none}.pivot{fill:none;stroke:none}.unresolved{fill:var(--page);stroke-dasharray:4 3}
text{fill:var(--ink);text-anchor:middle}.quiet{fill:var(--quiet);font-size:10px}.onbar{fill:var(--page);font-size:10px}.bad{fill:var(--badink);font-size:10px}.back{fill:var(--undoink);font-size:10px}
.pale{opacity:.45}.reached .shape{stroke-width:2}.done .shape:not(.fork,.join){stroke:var(--doneink)}.running .shape{stroke:var(--runink)}.waiting .shape{stroke:var(--waitink)}.failed .shape{stroke:var(--badink)}.undone .shape{stroke:var(--undoink)}
.badge{stroke:none}.onbadge{fill:var(--page);font-size:10px}.done .badge{fill:var(--doneink)}.running .badge{fill:var(--runink)}.waiting .badge{fill:var(--waitink)}.failed .badge{fill:var(--badink)}.undone .badge{fill:var(--undoink)}.cancelled .badge{fill:var(--quiet)}
.cut{stroke:var(--badink);stroke-width:2;stroke-dasharray:8 4}.under{stroke:var(--page);stroke-width:4;paint-order:stroke}
</style>`;

function scope({ x, y, width, height }: PlacedScope): string {
  return `<rect class="box" x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${round(width)}" height="${round(height)}" rx="8"/>`;
}

function edge({ points, label, kind, x = 0, y = 0 }: PlacedEdge): string {
  const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${round(point.x)} ${round(point.y)}`).join('');
  const style = kind === undefined ? 'edge' : kind === 'fails' ? 'edge fails' : 'edge undoes';
  const line = `<path class="${style}" d="${path}" marker-end="url(#arrow)"/>`;
  if (label === undefined) return line;
  return `${line}<text class="${kind === 'fails' ? 'bad' : 'quiet'} under" x="${round(x)}" y="${round(y + 4)}">${escaped(shortLabel(label))}</text>`;
}

function node(placed: PlacedNode, progress: NodeProgress | undefined, isRun: boolean): string {
  const { id, kind, x, y, label } = placed;
  const state = progress && progress.times > 0 ? stateText(progress) : undefined;
  const name = [NODE_WORDS[kind] ?? kind, label, ...spoken(placed), ...(state === undefined ? [] : [state])].join(', ');
  const style = progress ? ` class="reached ${progress.state}"` : isRun ? ' class="pale"' : '';
  return (
    `<g id="${id}"${style} role="listitem" aria-label="${escaped(name)}"><title>${escaped(titleOf(placed))}</title>` +
    `${shape(placed)}${texts(placed, x, y)}${state === undefined || QUIET.has(kind) ? '' : badge(placed, state)}</g>`
  );
}

/** The kinds whose state the colour tells alone: each is done as soon as it is reached. */
const QUIET: ReadonlySet<NodeKind> = new Set(['start', 'end', 'failure', 'fork', 'join', 'scope', 'compensation', 'pivot']);

function stateText({ state, times, retries }: NodeProgress): string {
  return [state, ...(times > 1 ? [`×${times}`] : []), ...(retries > 0 ? [`${retries} ${retries === 1 ? 'retry' : 'retries'}`] : [])].join(
    ' ',
  );
}

/** The state, at the lower right corner of the node. */
function badge({ x, y, width, height }: PlacedNode, state: string): string {
  const wide = state.length * 6 + 12;
  const [left, top] = [x + width / 2 - wide + 8, y + height / 2 - 7];
  return (
    `<rect class="badge" x="${round(left)}" y="${round(top)}" width="${round(wide)}" height="15" rx="7.5"/>` +
    `<text class="onbadge" x="${round(left + wide / 2)}" y="${round(top + 11)}">${escaped(state)}</text>`
  );
}

function spoken({ undo, errors, time }: FlowNode): string[] {
  return [
    ...(time === undefined ? [] : [time]),
    ...(undo === undefined ? [] : [`undone by ${undo}`]),
    ...(errors?.length ? [`fails with ${errors.join(' or ')}`] : []),
  ];
}

function titleOf({ label, file, line }: FlowNode): string {
  return `${label} (${file.split('/').at(-1)}:${line})`;
}

function shape({ kind, x, y, width, height }: PlacedNode): string {
  const [left, top] = [x - width / 2, y - height / 2];
  if (kind === 'pivot') return `<path class="cut" d="M${round(left)} ${round(y + 8)}h${round(width)}"/>`;
  if (kind === 'choice' || kind === 'loop' || kind === 'caught') {
    const points = [
      [left, y],
      [left + 14, top],
      [left + width - 14, top],
      [left + width, y],
      [left + width - 14, top + height],
      [left + 14, top + height],
    ];
    return `<polygon class="shape ${kind}" points="${points.map((point) => point.map(round).join(',')).join(' ')}"/>`;
  }
  const radius = kind === 'start' || kind === 'end' || kind === 'failure' ? height / 2 : kind === 'fork' || kind === 'join' ? 3 : 6;
  return `<rect class="shape ${kind}" x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`;
}

function texts(placed: PlacedNode, x: number, y: number): string {
  const { kind, label, undo, errors = [], height } = placed;
  const word = NODE_WORDS[kind];
  if (kind === 'pivot') return text('bad', x, y + 2, label);
  if (kind === 'fork' || kind === 'join') return text('onbar', x, y + 3.5, label);
  if (word === undefined) return text('', x, y + 4, label);
  const top = y - height / 2;
  const below = [...(undo === undefined ? [] : [['back', `undo: ${undo}`]]), ...errors.map((error) => ['bad', `fails: ${error}`])];
  return [
    text('quiet', x, top + 15, word),
    text('', x, top + 32, label),
    ...below.map(([style, line], at) => text(style ?? '', x, top + 44 + at * 15 + (rowsBelow(placed) > 0 ? 4 : 0), line ?? '')),
  ].join('');
}

function text(style: string, x: number, y: number, value: string): string {
  return `<text${style === '' ? '' : ` class="${style}"`} x="${round(x)}" y="${round(y)}">${escaped(shortened(value))}</text>`;
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
