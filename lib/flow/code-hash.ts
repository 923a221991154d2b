import { createHash } from 'node:crypto';
import type { Node } from 'oxc-parser';
import type { CodePlace, NameFinder } from './names.ts';
import { bare, isFunction, literalText, methodOf, argumentOf } from './syntax.ts';

/**
 * The hash of code that decides, as 16 hex digits: of these nodes, and of the functions and values that they name in the modules of relative
 * imports. It comes from the syntax tree of the source, so comments, layout, types, quotes, the bundler and its version change nothing.
 *
 * Left out is what a run does not decide with: contracts, of which only the name counts, since a replay accepts new ones; the functions of
 * `ctx.run`, which the step runner runs; packages, of which only the name counts.
 */
export function codeHash(nodes: readonly Node[], place: CodePlace, names: NameFinder): string {
  const text = new CodeText(names);
  for (const node of nodes) text.add(node, place);
  return createHash('sha256').update(text.parts.join('\n')).digest('hex').slice(0, HASH_DIGITS);
}

const HASH_DIGITS = 16;

/** Syntax without its layout: the types of the nodes with the members that are names, operators, values and flags. */
class CodeText {
  readonly parts: string[] = [];
  readonly #names: NameFinder;
  /** Places of code that is in the text already, or is being added. */
  readonly #added = new Set<string>();

  constructor(names: NameFinder) {
    this.#names = names;
  }

  add(node: Node, place: CodePlace): void {
    const own = within(node);
    if (own === undefined) return;
    const contract = own.type === 'CallExpression' ? contractText(own) : undefined;
    if (contract !== undefined) return void this.parts.push(contract);
    this.parts.push(`(${own.type}${scalarsOf(own)}`);
    for (const [key, child] of membersOf(own)) {
      if (isNamed(own, key)) this.parts.push(nameText(child));
      else if (!isStepBody(own, child)) this.add(child, place);
    }
    this.parts.push(')');
    if (own.type === 'Identifier' || own.type === 'MemberExpression') this.#follow(own, place);
  }

  /** Adds the code of a name, once. */
  #follow(node: Node, place: CodePlace): void {
    const found = this.#names.declared(node, place);
    if (!found) return;
    const at = `${found.place.module.path} ${found.code.start} ${found.code.end}`;
    if (this.#added.has(at)) return;
    this.#added.add(at);
    this.add(found.code, found.place);
  }
}

/** The node that runs; undefined for one that only the compiler reads. */
function within(node: Node): Node | undefined {
  switch (node.type) {
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return within(node.expression);
    case 'TSEnumDeclaration':
    case 'TSEnumBody':
    case 'TSEnumMember':
    case 'TSParameterProperty':
      return node;
    default:
      return node.type.startsWith('TS') ? undefined : node;
  }
}

const LAYOUT = new Set(['type', 'start', 'end', 'range', 'loc', 'raw', 'cooked', 'directive', 'phase']);
const TYPES = new Set(['typeAnnotation', 'typeArguments', 'typeParameters', 'returnType', 'superTypeArguments', 'implements', 'declare']);

/** Members that are false or absent count as missing, so a parser that adds one changes nothing. */
function scalarsOf(node: Node): string {
  const found = Object.entries(node).filter(
    ([key, value]) => !LAYOUT.has(key) && !TYPES.has(key) && value !== false && value !== null && SCALARS.has(typeof value),
  );
  if ('regex' in node && node.regex) return ` ${JSON.stringify(node.regex)}`;
  if (node.type === 'TemplateElement') return ` ${JSON.stringify(node.value.raw)}`;
  return found
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => ` ${key}=${JSON.stringify(String(value))}`)
    .join('');
}

const SCALARS = new Set(['string', 'number', 'boolean', 'bigint']);

/** The nodes within a node, each with the member that holds it, in the order of the source. */
function membersOf(node: Node): [string, Node][] {
  const found: [string, Node][] = [];
  for (const [key, value] of Object.entries(node)) {
    if (TYPES.has(key)) continue;
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) found.push([key, each]);
  }
  return found.toSorted(([, one], [, other]) => one.start - other.start);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'start' in value && typeof (value as Node).type === 'string';
}

/** Whether the member is the name of a property, which stands for nothing else. */
function isNamed(node: Node, key: string): boolean {
  if (node.type === 'MemberExpression') return key === 'property' && !node.computed;
  // `{ name }` names the value too.
  if (node.type === 'Property') return key === 'key' && !node.computed && !node.shorthand;
  return (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition') && key === 'key' && !node.computed;
}

function nameText(node: Node): string {
  if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') return `.${node.name}`;
  return `.${node.type === 'Literal' ? String(node.value) : node.type}`;
}

const CONTRACTS = new Set(['event', 'service', 'command', 'process', 'decider', 'timer', 'schedule', 'system', 'versions']);

/** The text of a contract: the function that makes it, and its name. `z.object(…)` is one without a name. */
function contractText(call: Node & { readonly type: 'CallExpression' }): string | undefined {
  const callee = bare(call.callee);
  const method = methodOf(call);
  if (method?.object.type === 'Identifier' && method.object.name === 'z') return '(schema)';
  if (callee.type !== 'Identifier' || !CONTRACTS.has(callee.name)) return undefined;
  return `(contract ${callee.name} ${JSON.stringify(literalText(argumentOf(call, 0)) ?? '')})`;
}

/** Whether a node is an argument of `ctx.run(name, body, { undo })` that is no name. */
function isStepBody(parent: Node, child: Node): boolean {
  if (parent.type !== 'CallExpression' || methodOf(parent)?.name !== 'run') return false;
  const [name, body] = parent.arguments;
  return child !== parent.callee && child !== name && body !== undefined && (body.type === 'Identifier' || isFunction(body));
}
