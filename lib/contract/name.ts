/** The limit keeps the names of queues and rules that are built from a name within the 80 and 64 characters that AWS allows. */
const NAME_LENGTH_MAX = 50;

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const VERB = /^[a-z][A-Za-z0-9]*(-[a-z0-9]+)*$/;

/** Keys that access a prototype, or that make a service look like a promise. */
const RESERVED_VERBS: ReadonlySet<string> = new Set(['constructor', 'prototype', 'then', 'toString', 'valueOf', 'toJSON']);

/** Whether `name` is kebab-case, the form of names of systems, processes, services and event owners. */
export function isKebabName(name: string): boolean {
  return name.length <= NAME_LENGTH_MAX && KEBAB.test(name);
}

/** Whether `verb` can be the name of a command within its service: `charge`, `bookFlight`. */
export function isVerb(verb: string): boolean {
  return verb.length <= NAME_LENGTH_MAX && VERB.test(verb) && !RESERVED_VERBS.has(verb);
}

/** Whether `type` is an owner, a dot and a kebab-case name. */
export function isEventType(type: string): boolean {
  const dot = type.indexOf('.');
  return dot > 0 && isKebabName(type.slice(0, dot)) && isKebabName(type.slice(dot + 1));
}
