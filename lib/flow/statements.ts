import type { Expression, Node, Statement, SwitchStatement, TryStatement } from 'oxc-parser';
import type { FlowNode } from './flow.ts';
import type { End } from './graph.ts';
import { withDeclared } from './names.ts';
import type { Breakable, CodeReader } from './code-reader.ts';
import { bare, childrenOf, isFunction, methodOf } from './syntax.ts';

/** The statements of a block, in order. Code that no path reaches is left out. */
export function readBlock(of: CodeReader, statements: readonly Statement[], after: readonly End[]): readonly End[] {
  const outer = of.frame.place;
  of.frame.place = withDeclared(statements, outer);
  let ends = after;
  for (const statement of statements) {
    if (ends.length === 0) break;
    ends = readStatement(of, statement, ends);
  }
  of.frame.place = outer;
  return ends;
}

function readStatement(of: CodeReader, statement: Statement, after: readonly End[], label?: string): readonly End[] {
  const { module } = of.place;
  switch (statement.type) {
    case 'BlockStatement':
      return readBlock(of, statement.body, after);
    case 'ExpressionStatement':
      return of.expression(statement.expression, after);
    case 'VariableDeclaration':
      return readDeclaration(of, statement, after);
    case 'IfStatement': {
      const tested = of.expression(statement.test, after);
      if (![statement.consequent, statement.alternate].some((each) => each && (of.hasSteps(each) || leaves(each)))) return tested;
      const choice = of.graph.add('choice', module.textOf(statement.test), tested, { at: statement, in: module });
      const no = { ...choice, label: 'no' };
      return [
        ...readStatement(of, statement.consequent, [{ ...choice, label: 'yes' }]),
        ...(statement.alternate ? readStatement(of, statement.alternate, [no]) : [no]),
      ];
    }
    case 'SwitchStatement':
      return readSwitch(of, statement, after);
    case 'LabeledStatement':
      return readStatement(of, statement.body, after, statement.label.name);
    case 'ForStatement': {
      const begun = statement.init ? of.expression(statement.init, after) : after;
      return readLoop(of, statement.body, begun, { test: statement.test ?? undefined, label, always: !statement.test });
    }
    case 'WhileStatement':
      return readLoop(of, statement.body, after, { test: statement.test, label, always: isTrue(statement.test) });
    case 'DoWhileStatement':
      return readLoop(of, statement.body, after, { test: statement.test, label, always: isTrue(statement.test), once: true });
    case 'ForOfStatement':
    case 'ForInStatement':
      return readEach(of, statement.body, { left: statement.left, right: statement.right, label, at: statement }, after);
    case 'TryStatement':
      return readTry(of, statement, after);
    case 'ReturnStatement': {
      const ends = of.returned(statement.argument ?? undefined, statement.argument ? of.expression(statement.argument, after) : after);
      of.frame.returns.push(...ends);
      return [];
    }
    case 'ThrowStatement': {
      const ends = of.expression(statement.argument, after);
      if (of.caught) of.caught.push(...ends.map((end) => ({ ...end, kind: 'fails' as const })));
      else
        of.graph.add('failure', module.textOf(statement.argument), ends, {
          at: statement,
          in: module,
          ...failureOf(of, statement.argument),
        });
      return [];
    }
    case 'BreakStatement':
    case 'ContinueStatement':
      return readJump(of, statement.type === 'BreakStatement', statement.label?.name, after);
    default:
      return after;
  }
}

/** The type of the failure that `throw` makes, if the code names it. */
function failureOf(of: CodeReader, thrown: Expression): Pick<FlowNode, 'returns'> {
  const made = bare(thrown);
  if (made.type !== 'CallExpression') return {};
  if (of.contextMethod(made) === 'fail') return { returns: { type: 'Other' } };
  const method = methodOf(made);
  return method && of.contextMember(method.object) === 'errors' ? { returns: { type: method.name } } : {};
}

function readDeclaration(
  of: CodeReader,
  statement: Extract<Statement, { type: 'VariableDeclaration' }>,
  after: readonly End[],
): readonly End[] {
  let ends = after;
  for (const { id, init } of statement.declarations) {
    if (!init || isFunction(bare(init))) continue;
    if (id.type !== 'Identifier' || init.type === 'AwaitExpression' || !of.hasSteps(init)) ends = of.expression(init, ends);
    else if (of.goesOnBeside(bare(init))) {
      const fork = of.graph.add('fork', 'begins', ends, { at: init, in: of.place.module });
      of.frame.begun.set(id.name, of.expression(init, [{ ...fork, label: id.name }]));
      ends = [fork];
    } else {
      ends = of.expression(init, ends);
      of.frame.begun.set(id.name, []);
    }
  }
  return ends;
}

function readSwitch(of: CodeReader, statement: SwitchStatement, after: readonly End[]): readonly End[] {
  const { module } = of.place;
  const tested = of.expression(statement.discriminant, after);
  const choice = of.graph.add('choice', module.textOf(statement.discriminant), tested, { at: statement, in: module });
  const breakable: Breakable = { label: undefined, head: undefined, breaks: [] };
  of.frame.breakables.push(breakable);
  let through: readonly End[] = [];
  for (const { test, consequent } of statement.cases)
    through = readBlock(of, consequent, [{ ...choice, label: test ? module.textOf(test) : 'else' }, ...through]);
  of.frame.breakables.pop();
  const otherwise = statement.cases.some(({ test }) => !test) ? [] : [{ ...choice, label: 'else' }];
  return [...through, ...breakable.breaks, ...otherwise];
}

interface LoopParts {
  readonly test: Expression | undefined;
  readonly label: string | undefined;
  /** It has no condition, so only `break` leaves it. */
  readonly always: boolean;
  /** The condition is read after the body. */
  readonly once?: boolean;
}

function readLoop(of: CodeReader, body: Statement, after: readonly End[], { test, label, always, once }: LoopParts): readonly End[] {
  const { module } = of.place;
  if (!of.hasSteps(body)) return test ? of.expression(test, after) : after;
  const text = always || !test ? 'without end' : module.textOf(test);
  const head = of.graph.add('loop', text, after, { at: body, in: module });
  const breakable: Breakable = { label, head: head.from, breaks: [] };
  of.frame.breakables.push(breakable);
  const tested = test && !once && !always ? of.expression(test, [head]) : [head];
  const ends = readStatement(of, body, tested);
  const again = test && once && !always ? of.expression(test, ends) : ends;
  of.frame.breakables.pop();
  of.graph.join(
    again.map((end) => ({ ...end, label: end.label ?? 'again' })),
    head.from,
  );
  if (always) return breakable.breaks;
  return [...(once ? again : [head]).map((end) => ({ ...end, label: 'done' })), ...breakable.breaks];
}

function readEach(
  of: CodeReader,
  body: Statement,
  { left, right, label, at }: { readonly left: Node; readonly right: Expression; readonly label: string | undefined; readonly at: Node },
  after: readonly End[],
): readonly End[] {
  const { module } = of.place;
  const events = of.contextMethod(bare(right)) === 'each';
  const before = events ? after : of.expression(right, after);
  if (!events && !of.hasSteps(body)) return before;
  const text = `each ${module.textOf(left).replace(/^(const|let|var) /, '')} of ${module.textOf(right)}`;
  const head = of.graph.add('loop', events ? 'each event' : text, before, { at, in: module });
  const breakable: Breakable = { label, head: head.from, breaks: [] };
  of.frame.breakables.push(breakable);
  const taken = events ? of.expression(right, [head]) : [head];
  const ends = readStatement(of, body, taken);
  of.frame.breakables.pop();
  of.graph.join(
    ends.map((end) => ({ ...end, label: end.label ?? 'again' })),
    head.from,
  );
  return [{ ...head, label: 'done' }, ...breakable.breaks];
}

function readTry(of: CodeReader, statement: TryStatement, after: readonly End[]): readonly End[] {
  const { module } = of.place;
  const { handler, block, finalizer } = statement;
  const first = of.graph.size;
  const outer = of.caught;
  const thrown: End[] = [];
  if (handler) of.caught = thrown;
  const tried = readBlock(of, block.body, after);
  of.caught = outer;
  let ends = tried;
  if (handler) {
    const failing = of.graph.since(first).filter(({ kind }) => FAILING.has(kind));
    const fails = [...failing.map(({ id }): End => ({ from: id, label: 'fails', kind: 'fails' })), ...thrown];
    if (fails.length > 0 || of.hasSteps(handler.body)) {
      const label = handler.param ? `caught ${module.textOf(handler.param)}` : 'caught';
      const caught = of.graph.add('caught', label, fails, { at: handler, in: module });
      ends = [...tried, ...readBlock(of, handler.body.body, [caught])];
    }
  }
  return finalizer && ends.length > 0 ? readBlock(of, finalizer.body, ends) : ends;
}

function readJump(of: CodeReader, isBreak: boolean, label: string | undefined, after: readonly End[]): readonly End[] {
  const { breakables } = of.frame;
  const target = breakables.findLast((each) => (label === undefined ? isBreak || each.head !== undefined : each.label === label));
  if (target && isBreak) target.breaks.push(...after);
  else if (target?.head !== undefined)
    of.graph.join(
      after.map((end) => ({ ...end, label: end.label ?? 'again' })),
      target.head,
    );
  return [];
}

/** Whether control leaves a statement other than at its end. */
function leaves(node: Node): boolean {
  if (/^(Return|Throw|Break|Continue)Statement$/.test(node.type)) return true;
  return !isFunction(node) && childrenOf(node).some((child) => leaves(child));
}

/** The kinds of nodes whose step can reject. */
const FAILING: ReadonlySet<string> = new Set(['command', 'step', 'child', 'wait', 'timer', 'unresolved']);

function isTrue(node: Expression): boolean {
  return node.type === 'Literal' && node.value === true;
}
