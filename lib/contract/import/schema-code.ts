import { ContractError } from '../errors.ts';
import { child, children, Documents, faultAt, isNode, placeText, valueText, type Place } from './documents.ts';
import { identifier, literal, pascalCase, propertyKey, type Names } from './typescript-text.ts';

/**
 * Writes JSON Schemas as code of zod.
 * In: places of schemas. Out: expressions, and the named constants that they use.
 * Trunk: `expression` → one function for each type. Each keyword is taken once; `#rest` refuses, notes or keeps what no function has taken,
 * so that no keyword is lost in silence.
 *
 * A schema that contains itself is a constant, which refers to itself by a getter of the property. Elsewhere, as in the values of a record, it
 * refers to itself by z.lazy, and the type of the constant is any JSON, because TypeScript infers no type there.
 */
export class SchemaWriter {
  readonly #documents: Documents;
  readonly #names: Names;
  readonly #unchecked: boolean;
  readonly #exported: boolean;
  /** Names of the constants of shared schemas, by place. */
  readonly #shared = new Map<string, string>();
  readonly #open = new Set<string>();
  /** References so far from within a schema to itself, and the properties that are being written in the constant. */
  readonly #backward: string[] = [];
  #members = 0;
  #isLazy = false;
  readonly #definitions: Constant[] = [];
  readonly #faults: string[] = [];
  readonly #notes = new Map<string, Set<string>>();

  constructor(documents: Documents, names: Names, { unchecked = false, exported = false }: WriterOptions = {}) {
    this.#documents = documents;
    this.#names = names;
    this.#unchecked = unchecked;
    this.#exported = exported;
  }

  /** The constants that the expressions use, in the order of their use. */
  get definitions(): readonly Constant[] {
    return this.#definitions;
  }

  /** Keywords that the code does not check or keep, with their places. */
  get notes(): readonly string[] {
    return Array.from(this.#notes, ([note, places]) => `${note} (${[...places].join(', ')})`);
  }

  /** Throws `CONTRACT_INVALID` with all keywords that have no equivalent. */
  check(): void {
    if (this.#faults.length === 0) return;
    throw new ContractError('CONTRACT_INVALID', `The schemas use what a contract cannot express:\n${this.#faults.join('\n')}`, {
      remedy: 'Simplify these schemas, or import with --unchecked: the contract then accepts more than the schemas, and says where.',
    });
  }

  /** Writes a schema as a constant of this name, or as that of a shared schema, and returns the name. */
  define(place: Place, name: string): string {
    const target = this.#documents.resolve(place);
    if (target !== place && isShared(target)) return this.expression(place);
    const made = this.#names.unique(name);
    this.#shared.set(placeText(target), made);
    this.#constant(made, () => this.expression(target));
    return made;
  }

  /** Adds a constant. The code of the constant is written apart from that of the place that needs it. */
  #constant(name: string, write: () => string): void {
    const [members, isLazy] = [this.#members, this.#isLazy];
    [this.#members, this.#isLazy] = [0, false];
    const code = write();
    const type = this.#isLazy ? { type: 'z.ZodType<z.core.util.JSONType>' } : {};
    this.#definitions.push({ name, code, ...type });
    [this.#members, this.#isLazy] = [members, isLazy];
  }

  /** The expression for a schema. A schema behind a pointer, such as one of `$defs`, becomes a constant of its own. */
  expression(place: Place): string {
    const target = this.#documents.resolve(place);
    const key = placeText(target);
    if (this.#isAnyJson(target)) return 'z.json()';
    const siblings = target === place ? [] : children(place).filter(([name]) => name !== '$ref');
    const code = this.#open.has(key) ? this.#backTo(target, key) : this.#forward(place, target, key);
    return siblings.length === 0 ? code : this.#beside(place, code, siblings);
  }

  #forward(place: Place, target: Place, key: string): string {
    return target !== place && (isShared(target) || this.#shared.has(key)) ? this.#sharedName(target, key) : this.#opened(target);
  }

  #opened(target: Place): string {
    const key = placeText(target);
    this.#open.add(key);
    const code = this.#schema(target);
    this.#open.delete(key);
    return code;
  }

  /** From within a schema to the schema itself, whose constant is not made yet. */
  #backTo(target: Place, key: string): string {
    const name = this.#shared.get(key);
    if (name === undefined) {
      this.#fault(target, 'a part of a schema that contains itself', 'Move the part to the schemas of the document, and refer to it.');
      return 'z.json()';
    }
    this.#backward.push(key);
    if (this.#members > 0) return name;
    this.#isLazy = true;
    return `z.lazy(() => ${name})`;
  }

  #sharedName(target: Place, key: string): string {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.#names.unique(identifier(pascalCase(target.at.split('/').at(-1) ?? '')));
    this.#shared.set(key, name);
    this.#constant(name, () => this.#opened(target));
    return name;
  }

  /** Keywords beside a `$ref`, which JSON Schema 2020-12 adds to it. */
  #beside(place: Place, code: string, siblings: readonly (readonly [string, Place])[]): string {
    const rest = new Keywords(place, new Set(['$ref']));
    const isConstraint = siblings.some(([name]) => !ANNOTATIONS.has(name) && !isExtension(name));
    const base = isConstraint ? `z.intersection(${code}, ${this.#typed(rest, place)})` : code;
    return this.#rest(rest, base);
  }

  #schema(place: Place): string {
    if (place.value === true) return 'z.json()';
    if (!isNode(place.value)) {
      this.#fault(place, valueText(place.value), 'Write a schema, which is an object or true.');
      return 'z.json()';
    }
    const keywords = new Keywords(place, new Set(['$schema', '$id', '$defs', 'definitions']));
    return this.#rest(keywords, this.#typed(keywords, place));
  }

  #typed(keywords: Keywords, place: Place): string {
    const { value } = keywords.get('const');
    if (keywords.has('const')) return this.#values(keywords, keywords.take('const'), [value]);
    if (keywords.has('enum')) return this.#enumeration(keywords);
    for (const combined of ['anyOf', 'oneOf'] as const) if (keywords.has(combined)) return this.#alternatives(keywords, combined);
    const typePlace = keywords.take('type');
    const type = typePlace.value;
    if (type !== undefined && typeof type !== 'string' && !Array.isArray(type))
      this.#fault(typePlace, valueText(type), 'Write a type of JSON Schema; null in YAML needs quotes.');
    if (Array.isArray(type)) return this.#typeList(keywords, type as readonly unknown[], place);
    if (typeof type === 'string') return this.#ofType(keywords, type, place);
    const guessed = Object.keys(OF_TYPE).find((each) => OF_TYPE[each]?.some((keyword) => keywords.has(keyword)));
    if (guessed !== undefined) {
      this.#note(`a schema without a type is read as ${guessed}`, place);
      return this.#ofType(keywords, guessed, place);
    }
    if (keywords.has('allOf')) return this.#allOf(keywords, undefined);
    return 'z.json()';
  }

  #ofType(keywords: Keywords, type: string, place: Place): string {
    const code = this.#plain(keywords, type, place);
    return keywords.has('allOf') ? this.#allOf(keywords, code) : code;
  }

  #plain(keywords: Keywords, type: string, place: Place): string {
    switch (type) {
      case 'object':
        return this.#object(keywords);
      case 'array':
        return this.#array(keywords);
      case 'string':
        return this.#string(keywords);
      case 'integer':
      case 'number':
        return this.#number(keywords, type);
      case 'boolean':
        return 'z.boolean()';
      case 'null':
        return 'z.null()';
      default:
        this.#fault(child(place, 'type'), valueText(type), 'Write a type of JSON Schema.');
        return 'z.json()';
    }
  }

  /** `type: [string, null]`; each type takes the keywords that concern it. */
  #typeList(keywords: Keywords, types: readonly unknown[], place: Place): string {
    // The order is kept, so that an import of an export has no difference.
    const nullable = types.length > 1 && types.at(-1) === 'null';
    const codes = types.slice(0, nullable ? -1 : undefined).map((type) => this.#ofType(keywords, String(type), place));
    return `${codes.length === 1 ? codes[0] : `z.union(${listOf(codes)})`}${nullable ? '.nullable()' : ''}`;
  }

  #enumeration(keywords: Keywords): string {
    const place = keywords.take('enum');
    const { value } = place;
    if (!Array.isArray(value) || value.length === 0) {
      this.#fault(place, valueText(value), 'Write a list of values.');
      return 'z.json()';
    }
    return this.#values(keywords, place, value as readonly unknown[]);
  }

  #values(keywords: Keywords, place: Place, values: readonly unknown[]): string {
    keywords.take('type');
    for (const keyword of Object.values(OF_TYPE).flat())
      if (values.every(isPrimitive)) keywords.skip(keyword, this.#holds(keyword, keywords, values));
    if (!values.every(isPrimitive)) {
      this.#fault(place, valueText(place.value), 'Write texts, numbers, true, false or null; describe objects by their properties.');
      return 'z.json()';
    }
    if (values.length === 1 && place.at.endsWith('/const')) return `z.literal(${literal(values[0])})`;
    const texts = values.every((each) => typeof each === 'string');
    return texts ? `z.enum(${listOf(values.map(literal))})` : `z.literal(${listOf(values.map(literal))})`;
  }

  /** A constraint that each listed value fulfils says nothing more. Only the bounds of numbers are evaluated. */
  #holds(keyword: string, keywords: Keywords, values: readonly unknown[]): boolean {
    const bound = keywords.get(keyword).value;
    if (typeof bound !== 'number') return false;
    if (keyword === 'minimum') return values.every((each) => typeof each !== 'number' || each >= bound);
    return keyword === 'maximum' && values.every((each) => typeof each !== 'number' || each <= bound);
  }

  #alternatives(keywords: Keywords, combined: 'anyOf' | 'oneOf'): string {
    const list = keywords.take(combined);
    const all = children(list).map(([, place]) => place);
    if (!Array.isArray(list.value) || all.length === 0) {
      this.#fault(list, valueText(list.value), 'Write a list of schemas.');
      return 'z.json()';
    }
    keywords.take('type');
    const isNull = (place: Place): boolean =>
      isNode(place.value) && place.value['type'] === 'null' && Object.keys(place.value).length === 1;
    const nullable = all.length > 1 && isNull(all.at(-1) as Place);
    const others = all.slice(0, nullable ? -1 : undefined);
    const codes = others.map((place) => this.expression(place));
    if (codes.length === 1) return `${codes[0]}${nullable ? '.nullable()' : ''}`;
    const code = combined === 'anyOf' ? `z.union(${listOf(codes)})` : this.#oneOf(others, codes, nullable);
    return nullable ? `${code}.nullable()` : code;
  }

  #oneOf(places: readonly Place[], codes: readonly string[], nullable: boolean): string {
    const tag = this.#tagOf(places);
    if (tag !== undefined && !nullable) return `z.discriminatedUnion(${literal(tag)}, ${listOf(codes)})`;
    return `z.xor(${listOf(codes)})`;
  }

  /** The property whose constant tells the alternatives apart. */
  #tagOf(places: readonly Place[]): string | undefined {
    const tags = places.map((place) => {
      const { value } = this.#documents.resolve(place);
      const properties = isNode(value) && isNode(value['properties']) ? value['properties'] : {};
      const required = isNode(value) && Array.isArray(value['required']) ? (value['required'] as unknown[]) : [];
      const constants = Object.entries(properties).filter(
        ([name, each]) => required.includes(name) && isNode(each) && isPrimitive(each['const']),
      );
      return new Map(constants.map(([name, each]) => [name, (each as { readonly const: unknown }).const]));
    });
    return [...(tags[0]?.keys() ?? [])].find(
      (name) => new Set(tags.map((each) => each.get(name) ?? each)).size === places.length && tags.every((each) => each.has(name)),
    );
  }

  /** Patterns beside a string, or an intersection. */
  #allOf(keywords: Keywords, base: string | undefined): string {
    const list = keywords.take('allOf');
    const all = children(list).map(([, place]) => place);
    const isPattern = ({ value }: Place): boolean => isNode(value) && Object.keys(value).join() === 'pattern';
    if (base !== undefined && all.every(isPattern)) return base + all.map((place) => this.#regex(child(place, 'pattern'))).join('');
    const codes = [...(base === undefined ? [] : [base]), ...all.map((place) => this.expression(place))];
    return codes.length === 0 ? 'z.json()' : codes.reduce((left, right) => `z.intersection(${left}, ${right})`);
  }

  #string(keywords: Keywords): string {
    const pattern = keywords.take('pattern');
    const format = keywords.take('format');
    const known = FORMATS.find((each) => each.format === format.value && each.pattern === pattern.value);
    const bounds = this.#bounds(keywords, { minLength: 'min', maxLength: 'max' });
    if (known !== undefined) return `${known.code}${bounds}`;
    const regex = pattern.value === undefined ? '' : this.#regex(pattern);
    if (format.value === undefined) return `z.string()${bounds}${regex}`;
    if (pattern.value === undefined) this.#note(`the format ${valueText(format.value)} is an annotation and is not checked`, format);
    return `z.string()${bounds}${regex}.meta({ format: ${literal(format.value)} })`;
  }

  #regex(place: Place): string {
    for (const flags of ['u', '']) {
      try {
        return `.regex(/${new RegExp(String(place.value), flags).source}/${flags})`;
      } catch {
        continue;
      }
    }
    this.#fault(place, valueText(place.value), 'Write a regular expression of ECMAScript.');
    return '';
  }

  #number(keywords: Keywords, type: 'integer' | 'number'): string {
    // z.int() has these bounds itself: JSON has no larger whole number that JavaScript reads exactly.
    if (type === 'integer') {
      keywords.skip('minimum', keywords.get('minimum').value === Number.MIN_SAFE_INTEGER);
      keywords.skip('maximum', keywords.get('maximum').value === Number.MAX_SAFE_INTEGER);
    }
    const base = type === 'integer' ? 'z.int()' : 'z.number()';
    return `${base}${this.#bounds(keywords, { minimum: 'min', exclusiveMinimum: 'gt', maximum: 'max', exclusiveMaximum: 'lt', multipleOf: 'multipleOf' })}`;
  }

  #bounds(keywords: Keywords, methods: Readonly<Record<string, string>>): string {
    return Object.entries(methods)
      .filter(([keyword]) => keywords.has(keyword))
      .map(([keyword, method]) => {
        const place = keywords.take(keyword);
        if (typeof place.value !== 'number') this.#fault(place, valueText(place.value), 'Write a number, as JSON Schema 2020-12 has it.');
        return `.${method}(${literal(place.value)})`;
      })
      .join('');
  }

  #array(keywords: Keywords): string {
    // Before 2020-12 a list of items had the meaning of prefixItems.
    const isList = Array.isArray(keywords.get('items').value);
    const prefix = isList ? keywords.take('items') : keywords.take('prefixItems');
    const items = isList ? keywords.take('additionalItems') : keywords.take('items');
    if (prefix.value !== undefined) return this.#tuple(keywords, prefix, items);
    const element = items.value === undefined ? 'z.json()' : this.expression(items);
    return `z.array(${element})${this.#bounds(keywords, { minItems: 'min', maxItems: 'max' })}`;
  }

  #tuple(keywords: Keywords, prefix: Place, items: Place): string {
    const elements = children(prefix).map(([, place]) => this.expression(place));
    const isClosed = items.value === false;
    const least = keywords.get('minItems').value;
    keywords.skip('minItems', typeof least === 'number' && least <= elements.length);
    if (least !== elements.length) this.#note('an array must have all elements of prefixItems', prefix);
    keywords.skip('maxItems', isClosed && keywords.get('maxItems').value === elements.length);
    const rest = isClosed ? '' : `, ${items.value === undefined ? 'z.json()' : this.expression(items)}`;
    return `z.tuple(${listOf(elements)}${rest})`;
  }

  #object(keywords: Keywords): string {
    const properties = keywords.take('properties');
    const additional = keywords.take('additionalProperties');
    const required = keywords.take('required');
    const names = Array.isArray(required.value) ? (required.value as readonly string[]) : [];
    const open = additional.value === undefined || additional.value === true || isEmpty(additional.value);
    if (properties.value === undefined && names.length === 0 && additional.value !== false)
      return this.#record(keywords, open ? 'z.json()' : this.expression(additional), []);
    if (properties.value === undefined && keywords.has('propertyNames'))
      return this.#record(keywords, open ? 'z.json()' : this.expression(additional), names);
    const members = children(properties).map(([name, place]) => this.#member(name, place, names.includes(name)));
    const missing = names.filter((name) => !isNode(properties.value) || !Object.hasOwn(properties.value, name));
    members.push(...missing.map((name) => `${propertyKey(name)}: z.json(),`));
    const body = members.length === 0 ? '{}' : `{\n${indented(members.join('\n'))}\n}`;
    if (additional.value === false) return `z.strictObject(${body})`;
    return open ? `z.object(${body})` : `z.object(${body}).catchall(${this.expression(additional)})`;
  }

  #member(name: string, place: Place, isRequired: boolean): string {
    if (name === '__proto__') this.#fault(place, 'a property __proto__', 'Rename the property.');
    const hasDefault = [place.value, this.#documents.resolve(place).value].some((each) => isNode(each) && Object.hasOwn(each, 'default'));
    const before = this.#backward.length;
    this.#members += 1;
    const code = this.expression(place);
    this.#members -= 1;
    const isOptional = !isRequired && (this.#exported || !hasDefault);
    const isWithin = this.#backward.slice(before).some((key) => this.#open.has(key));
    if (!isWithin) return `${propertyKey(name)}: ${code}${isOptional ? '.optional()' : ''},`;
    return `get ${propertyKey(name)}() {\n${indented(`return ${isOptional ? `z.optional(${code})` : code};`)}\n},`;
  }

  #record(keywords: Keywords, value: string, required: readonly string[]): string {
    const names = keywords.take('propertyNames');
    const key =
      names.value === undefined || (isNode(names.value) && Object.keys(names.value).join() === 'type')
        ? 'z.string()'
        : this.expression(names);
    const listed = isNode(names.value) && Array.isArray(names.value['enum']) ? (names.value['enum'] as readonly string[]) : undefined;
    if (listed === undefined) return `z.record(${key}, ${value})`;
    const isComplete = listed.every((name) => required.includes(name));
    return `z.${isComplete ? 'record' : 'partialRecord'}(${key}, ${value})`;
  }

  /** The keywords that no function has taken: annotations are kept, extensions noted, all others refused or noted. */
  #rest(keywords: Keywords, code: string): string {
    const meta: string[] = [];
    let described = '';
    let fallback = '';
    for (const [keyword, place] of keywords.left()) {
      if (keyword === 'default') fallback = `.default(${literal(place.value)})`;
      else if (keyword === 'description') described = `.describe(${literal(place.value)})`;
      else if (ANNOTATIONS.has(keyword)) meta.push(`${propertyKey(keyword)}: ${literal(place.value)}`);
      else if (isExtension(keyword)) this.#note(`${keyword} is not kept`, place);
      else if (this.#unchecked) this.#note(`${keyword} is not checked`, place);
      else this.#faults.push(`${placeText(place)} is ${valueText(place.value)}: zod has no equivalent of ${keyword}.`);
    }
    return `${code}${fallback}${described}${meta.length === 0 ? '' : `.meta({ ${meta.join(', ')} })`}`;
  }

  /** The schema of `z.json()`, or one that allows everything. */
  #isAnyJson(target: Place): boolean {
    if (target.value === true || isEmpty(target.value)) return true;
    if (!isNode(target.value) || !Array.isArray(target.value['anyOf']) || target.value['anyOf'].length !== ANY_JSON.length) return false;
    const self = (place: Place): boolean => placeText(this.#documents.resolve(place)) === placeText(target);
    return children(child(target, 'anyOf')).every(([, place], index) => {
      if (!isNode(place.value) || place.value['type'] !== ANY_JSON[index]) return false;
      if (place.value['type'] === 'array') return self(child(place, 'items'));
      return place.value['type'] !== 'object' || self(child(place, 'additionalProperties'));
    });
  }

  #note(note: string, place: Place): void {
    this.#notes.set(note, (this.#notes.get(note) ?? new Set()).add(placeText(place)));
  }

  #fault(place: Place, got: string, remedy: string): void {
    this.#faults.push(`${faultAt(place, got, 'another schema', remedy).message} ${remedy}`);
  }
}

export interface WriterOptions {
  /** Keywords without an equivalent in zod become notes. @default they are faults */
  readonly unchecked?: boolean | undefined;
  /** The schemas are those of values that readers get, so a property with a default is required. @default they are those of writers */
  readonly exported?: boolean;
}

/** A constant of the written file. */
export interface Constant {
  readonly name: string;
  readonly code: string;
  /** @default the type that TypeScript infers */
  readonly type?: string;
}

/** The keywords of a schema, and those that a function has taken. */
class Keywords {
  readonly #place: Place;
  readonly #taken: Set<string>;

  constructor(place: Place, taken: Set<string>) {
    this.#place = place;
    this.#taken = taken;
  }

  has(keyword: string): boolean {
    return !this.#taken.has(keyword) && this.get(keyword).value !== undefined;
  }

  get(keyword: string): Place {
    return child(this.#place, keyword);
  }

  take(keyword: string): Place {
    const place = this.get(keyword);
    this.#taken.add(keyword);
    return place;
  }

  /** Takes a keyword that says nothing more. */
  skip(keyword: string, redundant: boolean): void {
    if (redundant) this.#taken.add(keyword);
  }

  left(): readonly (readonly [string, Place])[] {
    return children(this.#place).filter(([keyword]) => !this.#taken.has(keyword));
  }
}

/** The keywords that concern one type. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'additionalProperties', 'required', 'propertyNames', 'patternProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['pattern', 'minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

/** Keywords that say nothing about values. zod keeps them with `meta`. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
  'contentEncoding',
  'contentMediaType',
]);

/** AsyncAPI adds `discriminator` and `externalDocs`; neither constrains a value. */
function isExtension(keyword: string): boolean {
  return keyword.startsWith('x-') || keyword === 'discriminator' || keyword === 'externalDocs';
}

const ANY_JSON: readonly string[] = ['string', 'number', 'boolean', 'null', 'array', 'object'];

const DAY =
  '(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))';
const CLOCK = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?';

/** The formats whose pattern is that of zod 4. Of any other pattern the pattern itself is written. */
const FORMATS: readonly { readonly format: string; readonly pattern: string; readonly code: string }[] = [
  {
    format: 'email',
    pattern: "^(?:[A-Za-z0-9_'+\\-]+\\.)*[A-Za-z0-9_'+\\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    code: 'z.email()',
  },
  {
    format: 'uuid',
    pattern:
      '^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$',
    code: 'z.uuid()',
  },
  { format: 'date', pattern: `^${DAY}$`, code: 'z.iso.date()' },
  { format: 'date-time', pattern: `^${DAY}T(?:${CLOCK}(?:Z))$`, code: 'z.iso.datetime()' },
  {
    format: 'date-time',
    pattern: `^${DAY}T(?:${CLOCK}(?:Z|([+-](?:[01]\\d|2[0-3]):[0-5]\\d)))$`,
    code: 'z.iso.datetime({ offset: true })',
  },
  { format: 'ulid', pattern: '^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$', code: 'z.ulid()' },
];

function isPrimitive(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isEmpty(value: unknown): boolean {
  return isNode(value) && Object.keys(value).every((key) => key === '$schema' || key === '$id');
}

/** Schemas that several others may refer to. A whole file is named by the message that refers to it. */
function isShared({ at }: Place): boolean {
  return at !== '';
}

const LINE_LENGTH_MAX = 100;

/** A list in one line, or in one line for each element. */
function listOf(codes: readonly string[]): string {
  const line = `[${codes.join(', ')}]`;
  return line.length <= LINE_LENGTH_MAX && !line.includes('\n') ? line : `[\n${indented(codes.map((code) => `${code},`).join('\n'))}\n]`;
}

/** Line ends of the code are those of its structure: a literal has none. */
function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
