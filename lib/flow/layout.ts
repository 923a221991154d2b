import { needing } from '../adapters/system/package-missing.ts';
import { clipped, DIAGRAM_PACKAGES, type Flow, type FlowEdge, type FlowNode } from './flow.ts';

/** A node with its place. `x` and `y` are its middle, in pixels. */
export interface PlacedNode extends FlowNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedEdge extends FlowEdge {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** The middle of the label. */
  readonly x?: number;
  readonly y?: number;
}

/** The box around the nodes of a scope. */
export interface PlacedScope {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A flow with the place of each part. */
export interface Layout {
  readonly flow: Flow;
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly scopes: readonly PlacedScope[];
}

/** Pixels per character, about, of the fonts of svg.ts. */
const [CHARACTER, SMALL] = [7, 6];
/** The longest text of a node; its title has the whole. */
const TEXT = 36;
/** The longest label of an edge. */
const EDGE_TEXT = 20;

export function shortened(text: string): string {
  return clipped(text, TEXT);
}

/** Lays a flow out from top to bottom, with a box for each scope. Fails with `PACKAGE_MISSING` without `@dagrejs/dagre`. */
export async function layOut(flow: Flow): Promise<Layout> {
  const { Graph, layout } = await needing('The layout of a diagram', DIAGRAM_PACKAGES, () => import('@dagrejs/dagre'));
  const graph = new Graph({ multigraph: true, compound: true });
  // Each handler of a decider is a line: the message, then its actions.
  graph.setGraph({ rankdir: flow.kind === 'decider' ? 'LR' : 'TB', nodesep: 28, ranksep: 36, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of flow.nodes) graph.setNode(node.id, sizeOf(node));
  const opened = new Set(flow.nodes.filter(({ kind }) => kind === 'scope' || kind === 'compensation').map(pathOf));
  const scopes = new Map<string, string>();
  for (const node of flow.nodes) {
    const box = opened.has(pathOf(node)) && node.kind === 'scope' ? [...node.scope, node.name ?? ''] : node.scope;
    // A scope that the library opens, such as that of the code of a compensation, has no box of its own.
    const within = box.filter((_, at) => opened.has(box.slice(0, at + 1).join('/')));
    if (within.length > 0) graph.setParent(node.id, boxOf(within, scopes, graph));
  }
  const edges = flow.edges.filter((edge) => flow.kind === 'async' || edge.to !== flow.nodes[0]?.id);
  for (const [at, { from, to, label }] of edges.entries())
    graph.setEdge(
      from,
      to,
      { label: label ?? '', width: label === undefined ? 0 : shortLabel(label).length * SMALL + 8, height: 14, labelpos: 'c' },
      String(at),
    );
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    flow,
    width,
    height,
    nodes: flow.nodes.map((node) => ({ ...node, ...placeOf(graph.node(node.id)) })),
    edges: edges.map((edge, at): PlacedEdge => {
      const { points = [], x, y } = graph.edge({ v: edge.from, w: edge.to, name: String(at) });
      return {
        ...edge,
        points: points.map((point: { readonly x: number; readonly y: number }) => ({ x: point.x, y: point.y })),
        ...(edge.label !== undefined && { x: x ?? 0, y: y ?? 0 }),
      };
    }),
    scopes: Array.from(scopes.values(), (id) => placeOf(graph.node(id))),
  };
}

/** The path of what a scope or a compensation opens. */
function pathOf({ scope, name = '' }: FlowNode): string {
  return [...scope, name].join('/');
}

/** The box of a scope, within that of the scope around it. */
function boxOf(scope: readonly string[], boxes: Map<string, string>, graph: Boxes): string {
  const path = scope.join('/');
  const known = boxes.get(path);
  if (known !== undefined) return known;
  const id = `box ${path}`;
  boxes.set(path, id);
  graph.setNode(id, {});
  if (scope.length > 1) graph.setParent(id, boxOf(scope.slice(0, -1), boxes, graph));
  return id;
}

interface Boxes {
  setNode(id: string, label: object): unknown;
  setParent(id: string, parent: string): unknown;
}

export function shortLabel(label: string): string {
  return clipped(label, EDGE_TEXT);
}

function sizeOf(node: FlowNode): { readonly width: number; readonly height: number } {
  const width = shortened(node.label).length * CHARACTER + 28;
  switch (node.kind) {
    case 'fork':
    case 'join':
      return { width: Math.max(90, shortened(node.label).length * SMALL + 20), height: 18 };
    case 'start':
    case 'end':
    case 'failure':
      return { width: Math.max(70, width), height: 30 };
    case 'choice':
    case 'loop':
    case 'caught':
      return { width: Math.max(80, width + 16), height: 34 };
    case 'pivot':
      return { width: 220, height: 24 };
    default:
      return { width: Math.max(110, width, undoWidth(node)), height: 44 + rowsBelow(node) * 15 };
  }
}

/** The lines under the label: the undo, and the declared errors. */
export function rowsBelow(node: FlowNode): number {
  return (node.undo === undefined ? 0 : 1) + (node.errors?.length ?? 0);
}

function undoWidth({ undo, errors = [] }: FlowNode): number {
  return Math.max(undo === undefined ? 0 : undo.length + 6, ...errors.map((error) => error.length + 8), 0) * SMALL + 24;
}

function placeOf(place: { readonly x?: number; readonly y?: number; readonly width?: number; readonly height?: number }): PlacedScope {
  return { x: place.x ?? 0, y: place.y ?? 0, width: place.width ?? 0, height: place.height ?? 0 };
}
