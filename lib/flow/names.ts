import type { Expression, Node } from 'oxc-parser';
import { isEvent } from '../contract/event.ts';
import type { CommandContract } from '../contract/runtime-contract.ts';
import { declare, type Binding, type SourceModule, type Sources } from './modules.ts';
import { type AnyFunction, argumentOf, bare, isFunction, propertyName, literalText, memberOf, methodOf } from './syntax.ts';

/** A contract that code names. */
export type NamedContract =
  | { readonly kind: 'command'; readonly name: string; readonly undo?: string; readonly errors: readonly string[] }
  | { readonly kind: 'event' | 'process' | 'service' | 'timer'; readonly name: string };

/** A place in the code with the names that hold there. */
export interface CodePlace {
  readonly module: SourceModule;
  /** The names that functions around the place declare. The names of the module hold too. */
  readonly locals: ReadonlyMap<string, Local>;
}

export interface Local {
  readonly binding: Binding;
  readonly place: CodePlace;
}

/** A place within a block, with the names that it declares. */
export function withDeclared(statements: readonly Node[], place: CodePlace): CodePlace {
  const bindings = new Map<string, Binding>();
  for (const statement of statements) declare(statement, bindings);
  if (bindings.size === 0) return place;
  const locals = new Map(place.locals);
  const within: CodePlace = { module: place.module, locals };
  for (const [name, binding] of bindings) locals.set(name, { binding, place: within });
  return within;
}

/** The meaning of a name: a value of a module that was imported, or code. */
type Meaning =
  | { readonly value: unknown }
  | { readonly code: Expression | AnyFunction; readonly place: CodePlace }
  /** `import * as`. */
  | { readonly namespace: SourceModule };

/** How many names lead to other names before the search ends. */
const DEPTH = 20;

/** Finds what the names of the code stand for: by the values of the modules, and by the text where no value has the name. */
export class NameFinder {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The contract that an expression names; undefined if neither value nor text tells it. */
  contract(node: Expression, place: CodePlace): NamedContract | undefined {
    const meaning = this.#meaning(bare(node), place, DEPTH);
    if (meaning === undefined) return undefined;
    if ('value' in meaning) return contractOfValue(meaning.value);
    return 'code' in meaning ? this.#contractOfCode(meaning) : undefined;
  }

  /** The function that an expression names, with the place of its code. */
  function(node: Expression, place: CodePlace): { readonly code: AnyFunction; readonly place: CodePlace } | undefined {
    const meaning = this.#meaning(bare(node), { ...place }, DEPTH, true);
    return meaning && 'code' in meaning && isFunction(meaning.code) ? { code: meaning.code, place: meaning.place } : undefined;
  }

  /** The expression that a name stands for; the node itself if it is no name, or the name is not known. */
  code(node: Expression, place: CodePlace): { readonly code: Expression; readonly place: CodePlace } {
    const meaning = this.#meaning(bare(node), place, DEPTH, true);
    return meaning && 'code' in meaning && !isFunction(meaning.code)
      ? { code: bare(meaning.code), place: meaning.place }
      : { code: bare(node), place };
  }

  /** The code of a name, or of a member of `import * as`; undefined if another package, or nothing that the modules declare, has the name. */
  declared(node: Node, place: CodePlace): { readonly code: Expression | AnyFunction; readonly place: CodePlace } | undefined {
    const meaning =
      node.type === 'Identifier'
        ? this.#meaningOfName(node.name, place, DEPTH, true)
        : node.type === 'MemberExpression' && !node.computed && node.object.type === 'Identifier' && node.property.type === 'Identifier'
          ? this.#memberOfNamespace(node.object.name, node.property.name, place)
          : undefined;
    return meaning && 'code' in meaning ? meaning : undefined;
  }

  #memberOfNamespace(name: string, member: string, place: CodePlace): Meaning | undefined {
    const meaning = this.#meaningOfName(name, place, DEPTH, true);
    return meaning && 'namespace' in meaning ? this.#exportOf(meaning.namespace, member, DEPTH, true) : undefined;
  }

  /** The text that an expression always has. */
  text(node: Expression | undefined, place: CodePlace): string | undefined {
    if (node === undefined) return undefined;
    const literal = literalText(node);
    if (literal !== undefined) return literal;
    const meaning = this.#meaning(bare(node), place, DEPTH);
    if (meaning === undefined) return undefined;
    if ('value' in meaning) return typeof meaning.value === 'string' ? meaning.value : undefined;
    return !('code' in meaning) || isFunction(meaning.code) ? undefined : literalText(bare(meaning.code));
  }

  #meaning(node: Expression, place: CodePlace, depth: number, code = false): Meaning | undefined {
    if (depth === 0) return undefined;
    if (node.type === 'Identifier') return this.#meaningOfName(node.name, place, depth - 1, code);
    if (node.type === 'MemberExpression') {
      const name = node.computed ? literalText(bare(node.property)) : node.property.type === 'Identifier' ? node.property.name : undefined;
      const object = name === undefined ? undefined : this.#meaning(bare(node.object), place, depth - 1, code);
      return object && name !== undefined ? this.#member(object, name, depth - 1, code) : undefined;
    }
    return { code: node, place };
  }

  #meaningOfName(name: string, place: CodePlace, depth: number, code: boolean): Meaning | undefined {
    const local = place.locals.get(name);
    if (local) return this.#bound(local.binding, local.place, depth, code);
    const { module } = place;
    if (!code && module.values && module.exported.has(name)) {
      const exported = module.exported.get(name);
      if (exported && 'local' in exported && exported.local === name) return { value: module.values[name] };
    }
    const binding = module.bindings.get(name);
    return binding && this.#bound(binding, { module, locals: new Map() }, depth, code);
  }

  #bound(binding: Binding, place: CodePlace, depth: number, code: boolean): Meaning | undefined {
    if (depth <= 0) return undefined;
    if ('from' in binding) return this.#imported(binding, place.module, depth - 1, code);
    if (isFunction(binding.code)) return { code: binding.code, place };
    const meaning = this.#meaning(bare(binding.code), place, depth - 1, code);
    return meaning && 'member' in binding ? this.#member(meaning, binding.member, depth - 1, code) : meaning;
  }

  #imported({ from, name }: { from: string; name: string }, importer: SourceModule, depth: number, code: boolean): Meaning | undefined {
    const path = importer.files.get(from);
    const module = path === undefined ? undefined : this.#sources.modules.get(path);
    if (!module) {
      const values = this.#sources.packages.get(from);
      return values && { value: name === '*' ? values : values[name] };
    }
    if (!code && module.values) return { value: name === '*' ? module.values : module.values[name] };
    if (name === '*') return { namespace: module };
    return this.#exportOf(module, name, depth, code);
  }

  #exportOf(module: SourceModule, name: string, depth: number, code: boolean): Meaning | undefined {
    if (depth <= 0) return undefined;
    const exported = module.exported.get(name);
    if (exported && 'local' in exported) return this.#meaningOfName(exported.local, { module, locals: new Map() }, depth - 1, code);
    if (exported) return this.#bound(exported, { module, locals: new Map() }, depth - 1, code);
    for (const from of module.all) {
      const found = this.#imported({ from, name }, module, depth - 1, code);
      if (found) return found;
    }
    return undefined;
  }

  #member(object: Meaning, name: string, depth: number, code: boolean): Meaning | undefined {
    if ('value' in object) {
      const { value } = object;
      return typeof value === 'object' && value !== null ? { value: (value as Record<string, unknown>)[name] } : undefined;
    }
    if ('namespace' in object) return this.#exportOf(object.namespace, name, depth, code);
    if (isFunction(object.code)) return undefined;
    const node = bare(object.code);
    if (node.type === 'ObjectExpression') {
      const member = memberOf(node, name);
      return member && this.#meaning(member, object.place, depth, code);
    }
    return node.type === 'CallExpression' ? { code: memberAccess(node, name), place: object.place } : undefined;
  }

  #contractOfCode({ code, place }: { readonly code: Expression | AnyFunction; readonly place: CodePlace }): NamedContract | undefined {
    if (isFunction(code)) return undefined;
    const node = bare(code);
    if (node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier') {
      const service = bare(node.object);
      return service.type === 'CallExpression' && this.#maker(service) === 'service'
        ? this.#commandOf(service, node.property.name, place)
        : undefined;
    }
    if (node.type !== 'CallExpression') return undefined;
    const method = methodOf(node);
    if (method && /^(byId|byKey|on)$/.test(method.name)) return this.contract(method.object, place);
    const maker = this.#maker(node);
    const name = this.text(argumentOf(node, 0), place);
    if (maker === undefined || name === undefined) return undefined;
    return { kind: maker === 'decider' ? 'process' : maker, name };
  }

  /** The function of the library that makes a contract. */
  #maker(call: Expression): 'service' | 'event' | 'process' | 'decider' | 'timer' | undefined {
    if (call.type !== 'CallExpression' || call.callee.type !== 'Identifier') return undefined;
    const { name } = call.callee;
    return name === 'service' || name === 'event' || name === 'process' || name === 'decider' || name === 'timer' ? name : undefined;
  }

  #commandOf(service: Expression, verb: string, place: CodePlace): NamedContract | undefined {
    if (service.type !== 'CallExpression') return undefined;
    const name = this.text(argumentOf(service, 0), place);
    const verbs = argumentOf(service, 1);
    if (name === undefined || verbs?.type !== 'ObjectExpression') return undefined;
    const parts = (key: string): Expression | undefined => {
      const member = memberOf(verbs, key);
      const { code } = member ? this.code(member, place) : { code: undefined };
      return code?.type === 'CallExpression' ? argumentOf(code, 0) : undefined;
    };
    const undone = memberOf(memberOf(parts(verb), 'undo'), 'command');
    const undo = verbs.properties.find(
      (each) => undone && each.type === 'Property' && place.module.textOf(each.value) === place.module.textOf(undone),
    );
    const errors = memberOf(parts(verb), 'errors');
    return {
      kind: 'command',
      name: `${name}.${verb}`,
      ...(undo && { undo: `${name}.${String(propertyName(undo))}` }),
      errors: errors?.type === 'ObjectExpression' ? errors.properties.map(propertyName).filter((key) => key !== undefined) : [],
    };
  }
}

/** `node.name`, as the parser would make it. */
function memberAccess(node: Expression, name: string): Expression {
  const { start, end } = node;
  return {
    type: 'MemberExpression',
    object: node,
    property: { type: 'Identifier', name, start, end },
    optional: false,
    computed: false,
    start,
    end,
  };
}

function contractOfValue(value: unknown): NamedContract | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, type, '~': parts, '~timer': timer, '~event': event } = value as Record<string, unknown>;
  if (typeof timer === 'string') return { kind: 'timer', name: timer };
  if (typeof event === 'string') return { kind: 'event', name: event };
  if (isEvent(value as never)) return { kind: 'event', name: String(type) };
  if (typeof parts !== 'object' || parts === null) return undefined;
  if ('commands' in parts && 'name' in parts) return { kind: 'service', name: String(parts.name) };
  if (typeof name !== 'string') return undefined;
  if ('startOn' in parts) return { kind: 'process', name };
  if (!('service' in parts)) return undefined;
  const { undo, errors } = parts as CommandContract;
  return { kind: 'command', name, ...(undo && { undo: undo.command }), errors: Object.keys(errors) };
}
