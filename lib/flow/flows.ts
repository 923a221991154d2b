import type { CallExpression, Expression, Node } from 'oxc-parser';
import { needing } from '../adapters/system/package-missing.ts';
import type { Json } from '../contract/schema.ts';
import type { BuiltFlow } from '../format/stored-flow.ts';
import { codeHash } from './code-hash.ts';
import { deciderGraph } from './decider-graph.ts';
import { DIAGRAM_PACKAGES, type Flow } from './flow.ts';
import { GraphBuilder } from './graph.ts';
import { readSources, type ImportValues, type SourceModule } from './modules.ts';
import { NameFinder, withDeclared, type CodePlace } from './names.ts';
import { ProcessGraph } from './process-graph.ts';
import { argumentOf, childrenOf, isFunction, literalText, methodOf, declaredVersion } from './syntax.ts';

/**
 * The graphs of the processes that a module and its relative imports define. Fails with `PACKAGE_MISSING` without `oxc-parser`.
 *
 * Input: the path of a module, and how to import it for the values of its names. Output: a `Flow` for each definition. Trunk: modules.ts parses
 * the files, names.ts finds what names stand for, process-graph.ts reads the function of a process with context-steps.ts, and decider-graph.ts
 * the handlers of a decider; code-hash.ts names the code that decides; layout.ts, svg.ts and mermaid.ts draw a flow, and walk.ts places the entries of a journal on it.
 */
export async function flowsOf(entries: readonly string[], importValues?: ImportValues): Promise<Flow[]> {
  const { parseSync } = await needing('The diagram of a process', DIAGRAM_PACKAGES, () => import('oxc-parser'));
  const parse = (file: string, text: string) => parseSync(file, text, { sourceType: 'module' });
  const sources = await readSources(entries, parse, importValues);
  const names = new NameFinder(sources);
  return [...sources.modules.values()].flatMap((module) => definitionsOf(module).map((definition) => flowOf(definition, names)));
}

/**
 * The graphs of the definitions that an entry reaches, for the store of a running system, each under the hash of its code. A host must start
 * without them: there are none if `oxc-parser` is not installed or a module does not parse, and a module that cannot be imported gives names
 * by its text alone.
 */
export async function builtFlows(entry: string, importValues: ImportValues): Promise<BuiltFlow[]> {
  const flows = await flowsOf([entry], importValues)
    .catch(() => flowsOf([entry]))
    .catch(() => []);
  const found = new Map<string, BuiltFlow>();
  for (const flow of flows) {
    const definition = `${flow.process}@${flow.version}`;
    if (flow.process !== '*' && !found.has(definition))
      found.set(definition, { definition, code: flow.code, flow: flow as unknown as Json });
  }
  return [...found.values()];
}

/** The codes of the definitions that modules reach, by `name@version`. None without `oxc-parser`. */
export async function definedCodes(entries: readonly string[]): Promise<Readonly<Record<string, Pick<Flow, 'code' | 'kind'>>>> {
  const flows = await flowsOf(entries).catch(() => []);
  return Object.fromEntries(flows.map(({ process, version, code, kind }) => [`${process}@${version}`, { code, kind }]));
}

interface Definition {
  readonly call: CallExpression;
  readonly kind: 'async' | 'decider';
  readonly place: CodePlace;
}

/** The calls of `process` and `decider` in a module, wherever they stand. */
function definitionsOf(module: SourceModule): Definition[] {
  const found: Definition[] = [];
  const visit = (node: Node, place: CodePlace): void => {
    const kind = definedBy(node);
    if (kind) {
      // The chain of a decider is one definition.
      found.push({ call: node as CallExpression, kind, place });
      return;
    }
    const within = node.type === 'BlockStatement' ? withDeclared(node.body, place) : place;
    for (const child of childrenOf(node)) visit(child, within);
  };
  visit(module.program, { module, locals: new Map() });
  return found;
}

function definedBy(node: Node): 'async' | 'decider' | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const { callee } = node;
  if (callee.type === 'Identifier' && callee.name === 'process' && node.arguments.length === 3) return 'async';
  return isDecider(node) ? 'decider' : undefined;
}

/** `decider(…)` and `decider(…).on(…)`. */
function isDecider(node: Expression): boolean {
  if (node.type !== 'CallExpression') return false;
  if (node.callee.type === 'Identifier') return node.callee.name === 'decider' && node.arguments.length === 2;
  const method = methodOf(node);
  return method?.name === 'on' && isDecider(method.object);
}

function flowOf({ call, kind, place }: Definition, names: NameFinder): Flow {
  if (kind === 'decider') return deciderGraph(call, place, names);
  const name = names.text(argumentOf(call, 0), place) ?? literalText(argumentOf(call, 0)) ?? '*';
  const version = declaredVersion(argumentOf(call, 1));
  const body = argumentOf(call, 2);
  const code = isFunction(body) ? { code: body, place } : body && names.function(body, place);
  const of = { process: name, version, kind, code: codeHash(body ? [body] : [], place, names) };
  if (!code) {
    const graph = new GraphBuilder();
    graph.unresolved('the function of the process is not known', call, place.module);
    return graph.flow(of);
  }
  try {
    return new ProcessGraph(names).process(code.code, code.place).flow(of);
  } catch (error) {
    return new ProcessGraph(names)
      .list(code.code, code.place, `it is only listed: ${error instanceof Error ? error.message : String(error)}`)
      .flow(of);
  }
}
