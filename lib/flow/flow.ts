/** The kinds of nodes. Those of `LOUD` leave entries in the journal that name them. */
export type NodeKind =
  | 'start'
  | 'command'
  | 'step'
  | 'child'
  | 'timer'
  | 'wait'
  | 'send'
  | 'publish'
  | 'answer'
  | 'choice'
  | 'loop'
  | 'fork'
  | 'join'
  | 'scope'
  | 'compensation'
  | 'undo'
  | 'pivot'
  | 'caught'
  | 'end'
  | 'failure'
  | 'handler'
  | 'unresolved';

/** The word that a picture shows above the label of a node. */
export const NODE_WORDS: Partial<Record<NodeKind, string>> = {
  command: 'call',
  step: 'run',
  child: 'child process',
  timer: 'timer',
  wait: 'wait for event',
  send: 'send',
  publish: 'publish event',
  answer: 'answer',
  scope: 'scope',
  compensation: 'compensation',
  undo: 'undo',
  handler: 'on',
  unresolved: 'not known',
};

/** One place in the code of a process. */
export interface FlowNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly label: string;
  /** The file, from the folder of the first module that was named, and the line of the code, from 1. */
  readonly file: string;
  readonly line: number;
  /** The last part of the path that its entries have in the journal, without the ordinal; `*` if the code computes it. */
  readonly name?: string;
  /** The labels of the scopes around it, from the outermost; `*` for a computed one. */
  readonly scope: readonly string[];
  /** Of a command: the name of the command that undoes it. */
  readonly undo?: string;
  /** Of a command: the names of its declared errors. */
  readonly errors?: readonly string[];
  /** Of a timer or a wait: its duration or instant, as the code writes it. */
  readonly time?: string;
  /** Of a wait: it is a loop over events. Of a fork: its branch runs for each of several items. */
  readonly repeats?: true;
  /** Of a join: the node at which its branches begin. Every node of the branches was added between the two. */
  readonly fork?: string;
  /** Of an end: the members of the result that are literals. Of a failure: `type`, if the code names it. */
  readonly returns?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** `fails`: taken if the step rejects. `undo`: taken if the scope is undone. */
  readonly kind?: 'fails' | 'undo';
}

/** The graph of one definition, as its source has it. */
export interface Flow {
  readonly process: string;
  readonly version: number;
  readonly kind: 'async' | 'decider';
  /** The hash of the code that decides (lib/flow/code-hash.ts): another build with the same hash decides alike. */
  readonly code: string;
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  /** Names and functions that the source does not tell, each with its line. A complete graph has none. */
  readonly unresolved: readonly string[];
}

/** The kinds whose place in the code the journal names: a token comes to such a node only by an entry. */
export const LOUD: ReadonlySet<NodeKind> = new Set([
  'command',
  'step',
  'child',
  'timer',
  'wait',
  'send',
  'publish',
  'answer',
  'scope',
  'compensation',
  'undo',
  'pivot',
  'handler',
]);

/** A text of at most so many characters; a longer one ends with an ellipsis. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** The part of a path of the journal for a label, as lib/core/labels.ts writes it. */
export function segmentOf(label: string): string {
  return label.replaceAll(/[%/:]/g, encodeURIComponent);
}

/** The packages that the user installs to draw diagrams (docs/decisions/0009-dependencies-by-use.md). */
export const DIAGRAM_PACKAGES: readonly string[] = ['oxc-parser', '@dagrejs/dagre'];
