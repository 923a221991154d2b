import type { CallExpression, Expression, Node } from 'oxc-parser';
import { codeHash } from './code-hash.ts';
import type { Flow } from './flow.ts';
import { GraphBuilder, type End } from './graph.ts';
import type { NameFinder, CodePlace } from './names.ts';
import { argumentOf, bare, childrenOf, isFunction, memberOf, methodOf, declaredVersion, unquoted } from './syntax.ts';

/** The exact graph of a decider: each handler leads from the state to its actions, and back. */
export function deciderGraph(chain: CallExpression, place: CodePlace, names: NameFinder): Flow {
  const handlers: CallExpression[] = [];
  let call = chain;
  for (let method = methodOf(call); method?.name === 'on'; method = methodOf(call)) {
    handlers.unshift(call);
    call = method.object as CallExpression;
  }
  const { module } = place;
  const graph = new GraphBuilder();
  const name = names.text(argumentOf(call, 0), place) ?? '*';
  const state = graph.add('start', 'state', [], { at: call, in: module });
  for (const on of handlers) addHandler(on, state, { graph, place, names });
  const options = argumentOf(call, 1);
  const initial = memberOf(options, 'initial');
  const code = codeHash([chain, ...(initial ? [initial] : [])], place, names);
  return graph.flow({ process: name, version: declaredVersion(options), kind: 'decider', code });
}

interface Reading {
  readonly graph: GraphBuilder;
  readonly place: CodePlace;
  readonly names: NameFinder;
}

function addHandler(on: CallExpression, state: End, { graph, place, names }: Reading): void {
  const { module } = place;
  const message = argumentOf(on, 0);
  const contract = message && names.contract(message, place);
  const text = message ? module.textOf(message) : 'a message';
  if (!contract) graph.unresolved(`the message ${text} is not known`, on, module);
  const handler = graph.add('handler', contract?.name ?? text, [state], {
    at: message ?? on,
    in: module,
    name: contract ? `${contract.kind} ${contract.name}` : '*',
  });
  const body = argumentOf(on, 1);
  const code = isFunction(body) ? { code: body, place } : body && names.function(body, place);
  if (!code) {
    graph.unresolved(`the handler of ${text} is not known`, on, module);
    return;
  }
  const actions = new Set<Node>();
  const ends = addActions(code.code, handler, { graph, place: code.place, names }, actions);
  graph.join(ends.length > 0 ? ends : [handler], state.from);
}

/** The actions that code makes, and that the functions of its module make, which it calls. */
function addActions(node: Node, handler: End, reading: Reading, seen: Set<Node>): End[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const own = node.type === 'CallExpression' ? addAction(node, handler, reading) : undefined;
  if (own) return own;
  const ends = childrenOf(node).flatMap((child) => addActions(child, handler, reading, seen));
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return ends;
  const called = reading.names.function(node.callee, reading.place);
  return called ? [...ends, ...addActions(called.code, handler, { ...reading, place: called.place }, seen)] : ends;
}

const TIMER_METHODS: ReadonlySet<string> = new Set(['in', 'within', 'at', 'clear']);

function addAction(call: CallExpression, handler: End, { graph, place, names }: Reading): End[] | undefined {
  const { module } = place;
  const parts = { at: call, in: module };
  const method = methodOf(call);
  if (method && TIMER_METHODS.has(method.name)) {
    const timer = names.contract(method.object, place);
    if (timer?.kind !== 'timer') return undefined;
    const time = call.arguments.map((each) => module.textOf(each)).join(', ');
    const label = method.name === 'clear' ? `clear ${timer.name}` : `${timer.name} ${method.name} ${unquoted(time)}`;
    return [graph.add('timer', label, [handler], { ...parts, name: timer.name, time })];
  }
  if (call.callee.type !== 'Identifier') return undefined;
  const what = argumentOf(call, 0);
  switch (call.callee.name) {
    case 'send':
    case 'publish': {
      const contract = what && names.contract(what, place);
      const known = contract?.kind === 'command' || contract?.kind === 'event';
      if (!known) graph.unresolved(`${what ? module.textOf(what) : 'an argument'} is not known`, call, module);
      const name = known ? contract.name : '*';
      const label = known ? contract.name : textOf(what, module.textOf);
      return [graph.add(call.callee.name, label, [handler], { ...parts, name })];
    }
    case 'end':
      graph.add('end', what ? module.textOf(what) : 'completed', [handler], parts);
      return [];
    default:
      return undefined;
  }
}

function textOf(node: Expression | undefined, text: (node: Node) => string): string {
  return node ? text(bare(node)) : 'unknown';
}
