import type { Node } from 'oxc-parser';
import type { SourceModule } from './modules.ts';
import { clipped, type Flow, type FlowEdge, type FlowNode, type NodeKind } from './flow.ts';

/** The open end of a path through the code: the next node is joined to it. */
export interface End {
  readonly from: string;
  readonly label?: string;
  readonly kind?: 'fails' | 'undo';
}

/** The parts of a new node, beside its label. */
export interface NodeParts extends Pick<FlowNode, 'name' | 'undo' | 'errors' | 'time' | 'fork' | 'returns' | 'repeats'> {
  readonly at: Node;
  readonly in: SourceModule;
}

/** A graph that is being built, with the labels of the scopes around the code that is read. */
export class GraphBuilder {
  readonly #nodes: FlowNode[] = [];
  readonly #edges: FlowEdge[] = [];
  readonly #unresolved: string[] = [];
  #scope: readonly string[] = [];

  /** Adds a node after the open ends. Returns its own open end. */
  add(kind: NodeKind, label: string, after: readonly End[], { at, in: module, ...parts }: NodeParts): End {
    if (this.#nodes.length === NODES_MAX) throw new FlowTooLarge();
    const id = `n${this.#nodes.length}`;
    this.#nodes.push({ id, kind, label: clipped(label, LABEL), file: module.name, line: module.lineOf(at), scope: this.#scope, ...parts });
    this.join(after, id);
    return { from: id };
  }

  join(ends: readonly End[], to: string): void {
    for (const end of ends) this.#edges.push({ ...end, to });
  }

  /** Builds within the scope of a label. */
  within<T>(labels: readonly string[], build: () => T): T {
    const outer = this.#scope;
    this.#scope = [...outer, ...labels];
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  unresolved(what: string, at: Node, module: SourceModule): void {
    this.#unresolved.push(`line ${module.lineOf(at)}: ${what}`);
  }

  /** The nodes that were added since a count of them. */
  since(count: number): readonly FlowNode[] {
    return this.#nodes.slice(count);
  }

  get size(): number {
    return this.#nodes.length;
  }

  flow(of: Pick<Flow, 'process' | 'version' | 'kind' | 'code'>): Flow {
    return { ...of, nodes: this.#nodes, edges: this.#edges, unresolved: this.#unresolved };
  }
}

/** More nodes than a person reads in one picture. */
const NODES_MAX = 400;

/** A bound of this file, which the list of the steps is drawn in place of. */
class FlowTooLarge extends RangeError {
  constructor() {
    super(`it has more than ${NODES_MAX} nodes`);
  }
}

/** The longest label. */
const LABEL = 60;
