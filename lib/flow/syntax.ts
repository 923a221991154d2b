import type { ArrowFunctionExpression, CallExpression, Expression, Function as FunctionNode, Node, ObjectExpression } from 'oxc-parser';

export type AnyFunction = ArrowFunctionExpression | FunctionNode;

/** Members of nodes that hold types, and no code that runs. */
const TYPES = new Set(['typeAnnotation', 'typeArguments', 'typeParameters', 'returnType', 'superTypeArguments', 'implements']);

/** The nodes directly within a node, in the order of the source. */
export function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (TYPES.has(key)) continue;
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) found.push(each);
  }
  return found.toSorted((a, b) => a.start - b.start);
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof (value as Node).type === 'string' && typeof (value as Node).start === 'number'
  );
}

export function isFunction(node: Node | null | undefined): node is AnyFunction {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression' || node?.type === 'FunctionDeclaration';
}

/** The expression without what only the compiler reads, and without `await` and parentheses. */
export function bare(node: Expression): Expression {
  switch (node.type) {
    case 'AwaitExpression':
      return bare(node.argument);
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return bare(node.expression);
    default:
      return node;
  }
}

/** The object and the name of `object.name(…)`; undefined for any other call. */
export function methodOf(call: CallExpression): { readonly object: Expression; readonly name: string } | undefined {
  const callee = bare(call.callee);
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return undefined;
  return { object: bare(callee.object), name: callee.property.name };
}

/** The argument at a position, unless it is spread. */
export function argumentOf(call: CallExpression, position: number): Expression | undefined {
  const found = call.arguments[position];
  return found === undefined || found.type === 'SpreadElement' ? undefined : bare(found);
}

/** The value of a member of an object literal. */
export function memberOf(object: Expression | undefined, name: string): Expression | undefined {
  if (object?.type !== 'ObjectExpression') return undefined;
  for (const property of object.properties)
    if (property.type === 'Property' && propertyName(property) === name) return bare(property.value);
  return undefined;
}

/** The name of a property of an object literal; undefined if the code computes it. */
export function propertyName(property: ObjectExpression['properties'][number]): string | undefined {
  if (property.type !== 'Property') return undefined;
  const { key } = property;
  if (!property.computed && key.type === 'Identifier') return key.name;
  return key.type === 'Literal' ? String(key.value) : undefined;
}

/** The text of a string literal, or of a template without expressions. */
export function literalText(node: Expression | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** The names of the parameters at these positions. */
export function contextsOf(code: AnyFunction, positions: readonly number[]): ReadonlySet<string> {
  const names = positions
    .map((position) => code.params[position])
    .map((parameter) => (parameter?.type === 'Identifier' ? parameter.name : ''));
  return new Set(names.filter((name) => name !== ''));
}

/** The version that the options of a process name. */
export function declaredVersion(options: Expression | undefined): number {
  const version = memberOf(options, 'version');
  return version?.type === 'Literal' && typeof version.value === 'number' ? version.value : 1;
}

/** The members of an object literal that are literals themselves; undefined for any other expression. */
export function literalsOf(node: Expression): Record<string, string | number | boolean | null> | undefined {
  if (node.type !== 'ObjectExpression') return undefined;
  const found: Record<string, string | number | boolean | null> = {};
  for (const property of node.properties) {
    const key = propertyName(property);
    const value = property.type === 'Property' ? bare(property.value) : undefined;
    if (key !== undefined && value?.type === 'Literal' && !('regex' in value || 'bigint' in value)) found[key] = value.value as string;
  }
  return found;
}

/** The text of an expression without the quotes of a literal. */
export function unquoted(text: string): string {
  return text.replaceAll(/^['"`]|['"`]$/g, '');
}
