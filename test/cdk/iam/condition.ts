/**
 * Conditions of policies, as IAM evaluates them. Rules and pages of the IAM user guide:
 * C1 all operators of a condition, and all keys of an operator, must hold; of the values of a key one suffices, or of a negated operator
 *    none may match (reference_policies_condition-logic-multiple-context-keys-or-values).
 * C2 a key that is not in the request does not match, so a negated operator holds without it, and so does one with `IfExists`
 *    (reference_policies_elements_condition_operators).
 * C3 `ForAllValues` holds where the request has no value of the key, `ForAnyValue` does not
 *    (reference_policies_condition-single-vs-multi-valued-context-keys).
 * C4 a key with several values needs a set operator (the same page). The result without one is not defined: here it is an error.
 * C5 `Null` with `"true"` holds where the key is absent or empty, with `"false"` where it is there.
 * C6 names of keys are compared without case, their values with it.
 */

/** A text is the value of a single-valued key, a list holds the values of a multi-valued one (`ArrayOf…` in the Service Authorization Reference). */
export type ContextValue = string | readonly string[];
export type Context = Readonly<Record<string, ContextValue>>;

type Values = string | readonly string[];
export type Condition = Readonly<Record<string, Readonly<Record<string, Values>>>>;

interface Operator {
  readonly matches: (value: string, pattern: string) => boolean;
  readonly negated: boolean;
}

const equal = (value: string, pattern: string): boolean => value === pattern;
const ignoringCase = (value: string, pattern: string): boolean => value.toLowerCase() === pattern.toLowerCase();

/** `ArnEquals` and `ArnLike` are the same, and match each of the six parts by itself. */
const arnLike = (value: string, pattern: string): boolean => {
  const [values, patterns] = [parts(value), parts(pattern)];
  return values.length === patterns.length && values.every((each, index) => isLike(each, patterns[index] as string));
};

const ARN_PARTS = 6;
const parts = (arn: string): readonly string[] => {
  const all = arn.split(':');
  return [...all.slice(0, ARN_PARTS - 1), all.slice(ARN_PARTS - 1).join(':')];
};

const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { matches: equal, negated: false },
  StringNotEquals: { matches: equal, negated: true },
  StringEqualsIgnoreCase: { matches: ignoringCase, negated: false },
  StringLike: { matches: isLike, negated: false },
  StringNotLike: { matches: isLike, negated: true },
  ArnEquals: { matches: arnLike, negated: false },
  ArnLike: { matches: arnLike, negated: false },
  ArnNotEquals: { matches: arnLike, negated: true },
  ArnNotLike: { matches: arnLike, negated: true },
  Bool: { matches: ignoringCase, negated: false },
};

/** `*` is any text, `?` one character. */
export function isLike(value: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[\\s\\S]*')
    .replaceAll('?', '[\\s\\S]');
  return new RegExp(`^${source}$`).test(value);
}

export function holds(condition: Condition | undefined, context: Context): boolean {
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, patterns]) => keyHolds(operator, key, listed(patterns), values.get(key.toLowerCase()))),
  );
}

function keyHolds(operator: string, key: string, patterns: readonly string[], value: ContextValue | undefined): boolean {
  if (operator === 'Null') return patterns.includes(String(isAbsent(value)));
  const [, set, name = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(operator) ?? [];
  const known = OPERATORS[name];
  if (known === undefined) throw new TypeError(`This evaluator does not know the operator ${operator}: add it with its rule.`);
  if (isAbsent(value)) return ifExists !== undefined || (set === undefined ? known.negated : set === 'ForAllValues');
  const passes = (each: string): boolean => patterns.some((pattern) => known.matches(each, pattern)) !== known.negated;
  if (set !== undefined) return set === 'ForAllValues' ? listed(value).every(passes) : listed(value).some(passes);
  if (typeof value !== 'string')
    throw new TypeError(`${key} has several values, and ${operator} compares one: what IAM does is not defined.`);
  return passes(value);
}

/** A set without a value is as absent as no set. */
function isAbsent(value: ContextValue | undefined): value is undefined {
  return value === undefined || value.length === 0;
}

export function listed(values: Values): readonly string[] {
  return typeof values === 'string' ? [values] : values;
}
