import type { CallExpression, Expression, Node } from 'oxc-parser';
import type { End, GraphBuilder } from './graph.ts';
import type { CodePlace, NameFinder } from './names.ts';
import type { AnyFunction } from './syntax.ts';

/** Takes what the process returns, and the open ends before it. */
export type TakeReturn = (returned: Expression | undefined, after: readonly End[]) => void;

/** A loop or a switch around the code that is read. */
export interface Breakable {
  readonly label: string | undefined;
  /** The node to which `continue` goes; undefined for a switch and a labelled block. */
  readonly head: string | undefined;
  readonly breaks: End[];
}

/** A function whose code is read in place of its call. */
export interface Frame {
  /** Of the block that is read. */
  place: CodePlace;
  readonly code: AnyFunction;
  /** Names that are the `ctx` of the process. */
  readonly contexts: ReadonlySet<string>;
  readonly returns: End[];
  readonly breakables: Breakable[];
  /** By name: steps that the code has begun without awaiting them, and the open ends of those that run beside it. */
  readonly begun: Map<string, readonly End[]>;
}

/**
 * The reader of the code of a process, as statements.ts and context-steps.ts use it. Each method takes the open ends before its code and returns those
 * after it; no open end means that the code after it is not reached.
 */
export interface CodeReader {
  readonly graph: GraphBuilder;
  readonly names: NameFinder;
  readonly place: CodePlace;
  readonly frame: Frame;
  /** The open ends of `throw` within a `try` that is read. */
  caught: End[] | undefined;
  expression(node: Node, after: readonly End[]): readonly End[];
  /** The body of a function in place of its call. */
  inline(
    of: { readonly code: AnyFunction; readonly place: CodePlace },
    after: readonly End[],
    contexts: ReadonlySet<string>,
  ): readonly End[];
  /** A `return`: the end of the process, or the open ends before the code after the call. */
  returned(value: Expression | undefined, after: readonly End[]): readonly End[];
  /** Branches that run side by side, and the node at which they come together. */
  branches(
    node: CallExpression,
    branches: readonly (readonly [string, Expression])[],
    after: readonly End[],
    joined: { readonly join: string; readonly name?: string },
  ): readonly End[];
  /** The code of an item, which runs for several of them side by side. */
  inParallel(
    node: CallExpression,
    items: Expression | undefined,
    after: readonly End[],
    item: (fork: End) => readonly End[],
  ): readonly End[];
  /** The names that are `ctx` here, and those of a function that is given it. */
  contexts(more?: ReadonlySet<string>): ReadonlySet<string>;
  /** Whether a name is that of a step that the code around has begun. */
  isBegun(name: string): boolean;
  /** Whether a step has steps of its own, so that it goes on while the code after it runs. */
  goesOnBeside(node: Expression): boolean;
  /** The name of the method, if a call is one of `ctx`. */
  contextMethod(node: Node): string | undefined;
  /** The name of the member, if an expression is one of `ctx`. */
  contextMember(node: Expression): string | undefined;
  /** Whether code contains a step, itself or in a function that it calls. */
  hasSteps(node: Node): boolean;
}
