import type { CallExpression, Expression, Node } from 'oxc-parser';
import { CONTEXT_STEPS } from './context-steps.ts';
import type { CodeReader, TakeReturn, Frame } from './code-reader.ts';
import { GraphBuilder, type End } from './graph.ts';
import type { NameFinder, CodePlace } from './names.ts';
import { readBlock } from './statements.ts';
import { type AnyFunction, argumentOf, bare, childrenOf, contextsOf, isFunction, literalsOf, methodOf } from './syntax.ts';

/**
 * Reads the function of a process, statement by statement, and builds its graph. Each method takes the open ends before its code, and returns
 * those after it; no open end means that the code after it is not reached.
 */
export class ProcessGraph implements CodeReader {
  readonly graph = new GraphBuilder();
  readonly names: NameFinder;
  readonly #frames: Frame[] = [];
  #withSteps = new Map<Node, boolean>();

  constructor(names: NameFinder) {
    this.names = names;
  }

  get frame(): Frame {
    return this.#frames.at(-1) as Frame;
  }

  get place(): CodePlace {
    return this.frame.place;
  }

  /** The whole function of a process. */
  process(code: AnyFunction, place: CodePlace): GraphBuilder {
    const start = this.graph.add('start', 'start', [], { at: code, in: place.module });
    const ends = this.inline({ code, place }, [start], contextsOf(code, [0]), (at, after) => {
      const module = this.place.module;
      const text = at && module.textOf(at);
      const returns = at && literalsOf(bare(at));
      this.graph.add('end', text ?? 'completed', after, { at: at ?? code, in: module, ...(returns && { returns }) });
    });
    if (ends.length > 0) this.graph.add('end', 'completed', ends, { at: code, in: place.module });
    return this.graph;
  }

  /** The steps in the order of the text, with the reason why no graph was made. */
  list(code: AnyFunction, place: CodePlace, why: string): GraphBuilder {
    this.graph.unresolved(why, code, place.module);
    this.#frames.push({ place, code, contexts: contextsOf(code, [0]), returns: [], breakables: [], begun: new Map() });
    let ends: readonly End[] = [this.graph.add('start', 'start', [], { at: code, in: place.module })];
    const visit = (node: Node): void => {
      if (this.contextMethod(node) !== undefined && this.#isStep(node) && this.graph.size < LISTED_MAX)
        ends = [this.graph.add('unresolved', place.module.textOf(node), ends, { at: node, in: place.module })];
      for (const child of childrenOf(node)) visit(child);
    };
    visit(code);
    return this.graph;
  }

  /**
   * The body of a function in place of its call. `ended` takes what the process returns; without it, a return leads to the code
   * after the call.
   */
  inline(
    { code, place }: { readonly code: AnyFunction; readonly place: CodePlace },
    after: readonly End[],
    contexts: ReadonlySet<string>,
    ended?: TakeReturn,
  ): readonly End[] {
    if (!code.body || this.#frames.some((frame) => frame.code === code)) {
      this.graph.unresolved(`${place.module.textOf(code.id ?? code).slice(0, 40)} calls itself`, code, place.module);
      return after;
    }
    const frame: Frame = { place, code, contexts, returns: [], breakables: [], begun: new Map() };
    const outer = this.#ended;
    // A parameter stands for other code at each call.
    const withSteps = this.#withSteps;
    this.#withSteps = new Map();
    this.#frames.push(frame);
    if (ended) this.#ended = { frame, ended };
    try {
      const ends =
        code.body.type === 'BlockStatement'
          ? readBlock(this, code.body.body, after)
          : this.returned(code.body, this.expression(code.body, after));
      return [...ends, ...frame.returns];
    } finally {
      this.#withSteps = withSteps;
      this.#frames.pop();
      this.#ended = outer;
    }
  }

  #ended: { readonly frame: Frame; readonly ended: TakeReturn } | undefined;

  returned(value: Expression | undefined, after: readonly End[]): readonly End[] {
    if (after.length === 0) return [];
    if (this.#ended?.frame === this.frame) {
      this.#ended.ended(value, after);
      return [];
    }
    return after;
  }

  /** The open ends of `throw` within a `try` that is read. */
  caught: End[] | undefined;

  /** The names that are `ctx` here, and those of a function that is given it. */
  contexts(more: ReadonlySet<string> = new Set()): ReadonlySet<string> {
    return new Set([...this.frame.contexts, ...more]);
  }

  isContext(node: Node | undefined): boolean {
    return node?.type === 'Identifier' && this.frame.contexts.has(node.name);
  }

  /** The name of the method, if a call is one of `ctx`. */
  contextMethod(node: Node): string | undefined {
    if (node.type !== 'CallExpression') return undefined;
    const method = methodOf(node);
    return method && this.isContext(method.object) ? method.name : undefined;
  }

  /** The name of the member, if an expression is one of `ctx`. */
  contextMember(node: Expression): string | undefined {
    if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier') return undefined;
    return this.isContext(bare(node.object)) ? node.property.name : undefined;
  }

  /** Whether code contains a step, itself or in a function that it calls. */
  hasSteps(node: Node): boolean {
    const known = this.#withSteps.get(node);
    if (known !== undefined) return known;
    this.#withSteps.set(node, false);
    const found = this.#isStep(node) || childrenOf(node).some((child) => this.hasSteps(child));
    this.#withSteps.set(node, found);
    return found;
  }

  #isStep(node: Node): boolean {
    if (node.type !== 'CallExpression') return false;
    const method = this.contextMethod(node);
    if (method !== undefined) return Object.hasOwn(CONTEXT_STEPS, method);
    if (node.arguments.some((argument) => this.isContext(argument))) return true;
    const called = node.callee.type === 'Identifier' ? this.names.function(node.callee, this.place) : undefined;
    return called?.place.module === this.place.module && this.hasSteps(called.code);
  }

  expression(node: Node, after: readonly End[]): readonly End[] {
    if (after.length === 0 || isFunction(node)) return after;
    switch (node.type) {
      case 'CallExpression':
        return this.#call(node, after);
      case 'Identifier':
        return [...after, ...this.#awaited(node.name)];
      case 'ConditionalExpression':
        return this.#conditional(node, after);
      case 'LogicalExpression': {
        const left = this.expression(node.left, after);
        if (!this.hasSteps(node.right)) return left;
        const choice = this.graph.add('choice', this.place.module.textOf(node.left), left, { at: node, in: this.place.module });
        const [taken, not] = node.operator === '&&' ? ['yes', 'no'] : ['no', 'yes'];
        return [...this.expression(node.right, [{ ...choice, label: taken }]), { ...choice, label: not }];
      }
      default: {
        let ends = after;
        for (const child of childrenOf(node)) ends = this.expression(child, ends);
        return ends;
      }
    }
  }

  #conditional(node: Extract<Expression, { type: 'ConditionalExpression' }>, after: readonly End[]): readonly End[] {
    const tested = this.expression(node.test, after);
    if (!this.hasSteps(node.consequent) && !this.hasSteps(node.alternate)) return tested;
    const { module } = this.place;
    const choice = this.graph.add('choice', module.textOf(node.test), tested, { at: node, in: module });
    return [
      ...this.expression(node.consequent, [{ ...choice, label: 'yes' }]),
      ...this.expression(node.alternate, [{ ...choice, label: 'no' }]),
    ];
  }

  #call(node: CallExpression, after: readonly End[]): readonly End[] {
    const method = this.contextMethod(node);
    if (method !== undefined) {
      const step = Object.hasOwn(CONTEXT_STEPS, method) ? CONTEXT_STEPS[method] : undefined;
      return step ? step(this, node, this.arguments(node, after)) : this.arguments(node, after);
    }
    const { module } = this.place;
    const on = methodOf(node);
    if (on?.object.type === 'Identifier' && on.object.name === 'Promise') return this.#promises(node, on.name, after);
    if (on && EACH.has(on.name)) {
      const body = argumentOf(node, 0);
      if (isFunction(body) && this.hasSteps(body)) {
        const before = this.expression(on.object, after);
        return this.inParallel(node, on.object, before, (fork) => this.inline({ code: body, place: this.place }, [fork], this.contexts()));
      }
    }
    const called = this.names.function(node.callee, this.place);
    const passed = node.arguments.flatMap((argument, position) => (this.isContext(argument) ? [position] : []));
    const before = this.arguments(node, after);
    if (called && (passed.length > 0 || (called.place.module === module && this.hasSteps(called.code))))
      return this.inline(
        { code: called.code, place: this.#withArguments(called, node) },
        before,
        passed.length > 0 ? this.contexts(contextsOf(called.code, passed)) : this.contexts(),
      );
    if (passed.length === 0) return before;
    const name = module.textOf(node.callee);
    this.graph.unresolved(`${name} is given ctx, and its code was not found`, node, module);
    return [this.graph.add('unresolved', name, before, { at: node, in: module })];
  }

  /** The place of a function whose parameters stand for the arguments of a call. */
  #withArguments({ code, place }: { readonly code: AnyFunction; readonly place: CodePlace }, call: CallExpression): CodePlace {
    const locals = new Map(place.locals);
    for (const [at, parameter] of code.params.entries()) {
      const passed = argumentOf(call, at);
      if (parameter.type === 'Identifier' && passed) locals.set(parameter.name, { binding: { code: passed }, place: this.place });
    }
    return { module: place.module, locals };
  }

  goesOnBeside(node: Expression): boolean {
    const method = this.contextMethod(node);
    if (method !== undefined) return BESIDE.has(method);
    return node.type === 'CallExpression' && node.callee.type === 'Identifier' && this.hasSteps(node);
  }

  /** The steps within the arguments of a call, in order. */
  arguments(node: CallExpression, after: readonly End[]): readonly End[] {
    const method = this.contextMethod(node);
    let ends = method === undefined ? this.expression(node.callee, after) : after;
    if (method !== undefined && PARALLEL.has(method)) return ends;
    for (const argument of node.arguments) ends = this.expression(argument, ends);
    return ends;
  }

  #promises(node: CallExpression, name: string, after: readonly End[]): readonly End[] {
    const list = argumentOf(node, 0);
    if (!list || !PROMISES.has(name)) return this.arguments(node, after);
    if (list.type !== 'ArrayExpression' || list.elements.some((each) => each?.type === 'SpreadElement'))
      return this.expression(list, after);
    const branches = list.elements.map((each, at): [string, Expression] => [String(at + 1), each as Expression]);
    return this.branches(node, branches, after, { join: name === 'race' ? 'the first' : 'all' });
  }

  /** Branches that run side by side, and the node at which they come together. */
  branches(
    node: CallExpression,
    branches: readonly (readonly [string, Expression])[],
    after: readonly End[],
    { join, name }: { readonly join: string; readonly name?: string },
  ): readonly End[] {
    const { module } = this.place;
    if (!branches.some(([, branch]) => this.hasSteps(branch) || (branch.type === 'Identifier' && this.isBegun(branch.name)))) return after;
    const fork = this.graph.add('fork', 'side by side', after, { at: node, in: module });
    const ends = branches.flatMap(([label, branch]) => this.expression(branch, [{ ...fork, label }]));
    return [this.graph.add('join', join, ends, { at: node, in: module, fork: fork.from, ...(name !== undefined && { name }) })];
  }

  /** The code of an item, which runs for several of them side by side. */
  inParallel(
    node: CallExpression,
    items: Expression | undefined,
    after: readonly End[],
    item: (fork: End) => readonly End[],
  ): readonly End[] {
    const { module } = this.place;
    const label = `each of ${items ? module.textOf(items) : 'the items'}`;
    const fork = this.graph.add('fork', label, after, { at: node, in: module, repeats: true });
    const ends = item(fork);
    return [this.graph.add('join', 'all', ends, { at: node, in: module, fork: fork.from })];
  }

  isBegun(name: string): boolean {
    return this.#frames.some(({ begun }) => begun.has(name));
  }

  /** The open ends of a step that was begun before. They are joined to the code that awaits it first. */
  #awaited(name: string): readonly End[] {
    const frame = this.#frames.findLast(({ begun }) => begun.has(name));
    const ends = frame?.begun.get(name) ?? [];
    if (frame) frame.begun.set(name, []);
    return ends;
  }
}

/** The most steps that a list shows. */
const LISTED_MAX = 100;
const EACH: ReadonlySet<string> = new Set(['map', 'flatMap', 'forEach']);
const PROMISES: ReadonlySet<string> = new Set(['all', 'allSettled', 'any', 'race']);
/** The methods of `ctx` whose steps have steps of their own. */
const BESIDE: ReadonlySet<string> = new Set(['scope', 'map', 'every']);
/** The methods of `ctx` that read their arguments themselves. */
const PARALLEL: ReadonlySet<string> = new Set(['race', 'any', 'scope', 'map', 'every', 'compensate', 'undo', 'run', 'each', 'detach']);
