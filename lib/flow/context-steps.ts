import type { CallExpression, Expression, Node } from 'oxc-parser';
import { segmentOf, type NodeKind } from './flow.ts';
import type { End } from './graph.ts';
import type { NamedContract } from './names.ts';
import type { CodeReader } from './code-reader.ts';
import { argumentOf, childrenOf, contextsOf, isFunction, propertyName, memberOf, unquoted } from './syntax.ts';

type ContextStep = (of: CodeReader, call: CallExpression, after: readonly End[]) => readonly End[];

/** How each method of `ctx` is drawn. A method that is not here leaves no node. */
export const CONTEXT_STEPS: Readonly<Record<string, ContextStep>> = {
  call: named('command', 'command'),
  try: named('command', 'command'),
  send: named('send', 'command'),
  child: named('child', 'process'),
  publish: named('publish', 'event'),
  waitFor: named('wait', 'event'),
  answer: named('answer', 'event'),
  dispatch: (of, call, after) => {
    const service = contractAt(of, call, 'service');
    const name = service ? `${service.name}.dispatch` : '*';
    return [add(of, call, after, { kind: 'command', label: service ? name : 'dispatch', name })];
  },
  run: (of, call, after) => {
    const label = textAt(of, call);
    return [
      add(of, call, after, { kind: 'step', label: label ?? 'run', name: label === undefined ? '*' : segmentOf(label), ...undoOf(call) }),
    ];
  },
  sleep: timer('sleep'),
  until: timer('until'),
  each: (of, call, after) => {
    const [list] = call.arguments;
    const events = list?.type === 'ArrayExpression' ? list.elements : [];
    const types = events.map((event) => (event && event.type !== 'SpreadElement' ? of.names.contract(event, of.place)?.name : undefined));
    const known = types.length > 0 && types.every((type) => type !== undefined);
    if (!known) unresolved(of, call, 'an event of ctx.each');
    const until = memberOf(argumentOf(call, 1), 'until');
    const time = until && { time: of.place.module.textOf(until) };
    const name = known ? types.join(' or ') : '*';
    return [add(of, call, after, { kind: 'wait', label: known ? name : 'events', name, repeats: true, ...time })];
  },
  every: (of, call, after) => {
    const period = argumentOf(call, 0);
    const time = period ? of.place.module.textOf(period) : '';
    const opened = add(of, call, after, { kind: 'scope', label: `every ${unquoted(time)}`, name: 'every' });
    const loop = add(of, call, [opened], { kind: 'loop', label: 'without end' });
    const act = argumentOf(call, 1);
    of.graph.within(['every'], () => {
      const until = add(of, call, [loop], { kind: 'timer', label: `wait ${unquoted(time)}`, name: 'until', time: unquoted(time) });
      const code = act && (isFunction(act) ? { code: act, place: of.place } : of.names.function(act, of.place));
      const ends = code ? of.inline(code, [until], of.contexts()) : [until];
      of.graph.join(
        ends.map((end) => ({ ...end, label: 'again' })),
        loop.from,
      );
    });
    return [];
  },
  race: (of, call, after) => raced(of, call, after, 'race'),
  any: (of, call, after) => raced(of, call, after, 'any'),
  scope: (of, call, after) => {
    const label = textAt(of, call);
    const body = argumentOf(call, 1);
    const segment = label === undefined ? '*' : segmentOf(label);
    const opened = add(of, call, after, { kind: 'scope', label: label ?? 'scope', name: segment });
    return of.graph.within([segment], () => bodyOf(of, call, body, [opened]));
  },
  map: (of, call, after) => {
    const items = argumentOf(call, 0);
    const before = items ? of.expression(items, after) : after;
    const opened = add(of, call, before, { kind: 'scope', label: 'map', name: 'map' });
    return of.inParallel(call, items, [opened], (fork) => {
      const item = of.graph.within(['map'], () => add(of, call, [fork], { kind: 'scope', label: 'item', name: '*' }));
      return of.graph.within(['map', '*'], () => bodyOf(of, call, argumentOf(call, 1), [item]));
    });
  },
  compensate: (of, call, after) => {
    const label = textAt(of, call);
    const segment = label === undefined ? '*' : segmentOf(label);
    const registered = add(of, call, after, { kind: 'compensation', label: label ?? 'compensation', name: segment });
    const begun = of.graph.within([segment], () =>
      add(of, call, [{ ...registered, kind: 'undo' }], { kind: 'undo', label: `undo: ${label ?? 'compensation'}`, name: 'run' }),
    );
    of.graph.within([segment, 'run'], () => bodyOf(of, call, argumentOf(call, 1), [begun]));
    return [registered];
  },
  undo: (of, call, after) => {
    const step = argumentOf(call, 0);
    const what = step ? of.place.module.textOf(step) : 'all of the scope';
    return [add(of, call, after, { kind: 'undo', label: `undo ${what}`, name: 'undo' })];
  },
  detach: (of, call, after) => {
    const step = argumentOf(call, 0);
    return step ? of.expression(step, after) : after;
  },
  pivot: (of, call, after) => [add(of, call, after, { kind: 'pivot', label: 'point of no return', name: 'pivot' })],
  continueAsNew: (of, call, after) => {
    add(of, call, after, { kind: 'end', label: 'continues as a new run' });
    return [];
  },
};

interface Parts {
  readonly kind: NodeKind;
  readonly label?: string;
  readonly name?: string;
  readonly undo?: string;
  readonly errors?: readonly string[];
  readonly time?: string;
  readonly repeats?: true;
}

function add(of: CodeReader, call: CallExpression, after: readonly End[], { kind, label, ...parts }: Parts): End {
  const { module } = of.place;
  return of.graph.add(kind, label ?? module.textOf(call), after, { at: call, in: module, ...parts });
}

/** A step that names a contract, such as `ctx.call(payments.charge, …)`. */
function named(kind: NodeKind, of: 'command' | 'event' | 'process'): ContextStep {
  return (graph, call, after) => {
    const contract = contractAt(graph, call, of);
    const text = call.arguments[0] ? graph.place.module.textOf(call.arguments[0]) : `a ${of}`;
    if (!contract) return [add(graph, call, after, { kind, label: text, name: '*' })];
    const name = kind === 'answer' ? `${contract.name}/answer` : contract.name;
    const parts =
      contract.kind === 'command'
        ? { errors: contract.errors, ...(kind === 'command' && contract.undo !== undefined && { undo: contract.undo }) }
        : {};
    const timeout = kind === 'wait' ? memberOf(argumentOf(call, 1), 'timeout') : undefined;
    const time = timeout && { time: unquoted(graph.place.module.textOf(timeout)) };
    return [
      add(graph, call, after, { kind, label: kind === 'answer' ? `answer ${contract.name}` : contract.name, name, ...parts, ...time }),
    ];
  };
}

function timer(method: 'sleep' | 'until'): ContextStep {
  return (of, call, after) => {
    const time = argumentOf(call, 0);
    const text = time ? unquoted(of.place.module.textOf(time)) : '';
    return [add(of, call, after, { kind: 'timer', label: `${method === 'sleep' ? 'wait' : 'until'} ${text}`, name: method, time: text })];
  };
}

function raced(of: CodeReader, call: CallExpression, after: readonly End[], name: 'race' | 'any'): readonly End[] {
  const argument = argumentOf(call, 0);
  const join = name === 'race' ? 'the first' : 'the first that succeeds';
  const object = argument && of.names.code(argument, of.place).code;
  if (object?.type !== 'ObjectExpression' || object.properties.some((each) => propertyName(each) === undefined)) {
    if (!argument || !(of.hasSteps(argument) || mentionsBegun(of, argument))) unresolved(of, call, `the branches of ctx.${name}`);
    const before = argument ? of.expression(argument, after) : after;
    return [add(of, call, before, { kind: 'join', label: join, name })];
  }
  const branches = object.properties.flatMap((each): [string, Expression][] =>
    each.type === 'Property' ? [[propertyName(each) as string, each.value]] : [],
  );
  return of.branches(call, branches, after, { join, name });
}

function mentionsBegun(of: CodeReader, node: Node): boolean {
  return node.type === 'Identifier' ? of.isBegun(node.name) : childrenOf(node).some((child) => mentionsBegun(of, child));
}

/** The body of a scope, of a map or of a compensation. */
function bodyOf(of: CodeReader, call: CallExpression, body: Expression | undefined, after: readonly End[]): readonly End[] {
  const code = isFunction(body) ? { code: body, place: of.place } : body && of.names.function(body, of.place);
  if (code) return of.inline(code, after, of.contexts(contextsOf(code.code, [0])));
  unresolved(of, call, 'a function that is given ctx');
  return after;
}

function contractAt<K extends NamedContract['kind']>(
  of: CodeReader,
  call: CallExpression,
  kind: K,
): Extract<NamedContract, { kind: K }> | NamedContract | undefined {
  const node = argumentOf(call, 0);
  const contract = node && of.names.contract(node, of.place);
  if (contract?.kind === kind) return contract;
  unresolved(of, call, `the ${kind} ${node ? of.place.module.textOf(node) : ''}`);
  return undefined;
}

function textAt(of: CodeReader, call: CallExpression): string | undefined {
  return of.names.text(argumentOf(call, 0), of.place);
}

function undoOf(call: CallExpression): { readonly undo?: string } {
  return memberOf(argumentOf(call, 2), 'undo') ? { undo: 'undo' } : {};
}

function unresolved(of: CodeReader, call: CallExpression, what: string): void {
  of.graph.unresolved(`${what} is not known`, call, of.place.module);
}
