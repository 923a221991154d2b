import ms from 'ms';
import { ContractError } from '../contract/errors.ts';
import type { InstanceFilter } from '../ports/instance-index.ts';

/**
 * The filter grammar of instances, for lists, counts and operations on many instances. It is pure: the caller reads the heads.
 *
 *   filter = term { space term }                                   all terms hold
 *   term   = [ "-" ] field operator value { "," value }            one of the values fits; "-" negates the term
 *          | [ "-" ] value                                         the id contains the value
 *   field  = process | id | status | version | started | waited | waits | why | cause | is | tag.NAME
 *   value  = text without space, comma or quote, or text in double quotes with \" and \\
 *
 * `:` and `=` compare for equality, `~` finds text in any case, `:>` and `:<` compare numbers, ages and instants.
 */
export interface Where {
  readonly terms: readonly Term[];
}

interface Term {
  readonly field: Field;
  /** Of a tag: its name. */
  readonly name: string;
  readonly operator: Operator;
  readonly values: readonly string[];
  readonly isNot: boolean;
  /** Of `started` and `waited`: milliseconds since the epoch. An age is subtracted from now, so it turns the comparison round. */
  readonly at: number;
}

type Operator = 'equals' | 'contains' | 'above' | 'below';

/** The properties of an instance that a filter reads. Those that have to be computed are functions. */
export interface Facts {
  readonly process: string;
  readonly id: string;
  readonly status: string;
  readonly paused: boolean;
  readonly unresolved: boolean;
  readonly version: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** Since when it waits for its oldest open command, else since its last event. Undefined after the end. */
  waitedSince(): number | undefined;
  /** The names of its open commands, events and timers. */
  waits(): readonly string[];
  why(): string;
  /** The group of `tutti list --group`, and the stuck code. */
  causes(): readonly string[];
}

const STATUSES = ['running', 'stuck', 'completed', 'failed', 'cancelled', 'terminated'] as const;
type StatusWord = (typeof STATUSES)[number];
/** Words for several statuses. A paused instance has a status too. */
const OPEN: readonly StatusWord[] = ['running', 'stuck'];
const CLOSED: readonly StatusWord[] = ['completed', 'failed', 'cancelled', 'terminated'];
const STATUS_WORDS: readonly string[] = [...STATUSES, 'open', 'closed', 'paused'];

const TEXT: readonly Operator[] = ['equals', 'contains'];
const RANGE: readonly Operator[] = ['above', 'below'];

/** The fields, each with its operators. */
const FIELDS = {
  process: TEXT,
  id: TEXT,
  status: ['equals'],
  version: ['equals', ...RANGE],
  started: RANGE,
  waited: RANGE,
  waits: TEXT,
  why: ['contains'],
  cause: ['equals'],
  is: ['equals'],
  tag: TEXT,
} as const satisfies Readonly<Record<string, readonly Operator[]>>;
type Field = keyof typeof FIELDS;

const OPERATORS: Readonly<Record<string, Operator>> = { ':': 'equals', '=': 'equals', '~': 'contains', ':>': 'above', ':<': 'below' };
const WORDS: Readonly<Record<Operator, string>> = { equals: ':', contains: '~', above: ':>', below: ':<' };

const VALUE = String.raw`"(?:[^"\\]|\\.)*"|[^\s",]+`;
/** A name, and a value without a field: text with an operator in it is quoted. */
const NAME = String.raw`"(?:[^"\\]|\\.)*"|[^\s",:=~]+`;
const NAMED = String.raw`([A-Za-z]+)(?:\.(${NAME}))?(:[<>]|[:=~])((?:${VALUE})(?:,(?:${VALUE}))*)`;
const TERM = new RegExp(String.raw`\s*(-?)(?:${NAMED}|((?:${NAME})(?:,(?:${NAME}))*))(?:\s+|$)`, 'y');
const VALUES = new RegExp(VALUE, 'g');
const AGE = /^\d{1,9}(?:\.\d{1,3})? ?[a-z]+$/i;
/** A filter is typed by an operator, or kept in a link. */
const LENGTH_MAX = 2_000;

/**
 * Parses a filter. `now` is the instant from which ages count.
 * @throws ContractError `DATA_INVALID`, with the term that is wrong
 */
export function parseWhere(text: string, now: number): Where {
  if (typeof text !== 'string' || text.trim() === '') throw invalid(text, 'is empty', 'terms such as process:book-trip status:stuck');
  if (text.length > LENGTH_MAX) throw invalid(text.slice(0, 40), `has ${text.length} characters`, `at most ${LENGTH_MAX}`);
  const terms: Term[] = [];
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.length) {
    const at = TERM.lastIndex;
    const match = TERM.exec(text);
    if (match === null)
      throw invalid(
        text,
        `cannot be read from ${JSON.stringify(text.slice(at).trim())} on`,
        'a value after each operator, and closed quotes',
      );
    terms.push(termOf(text, match, now));
  }
  return { terms };
}

function termOf(text: string, [, minus, field, name = '', sign, rest, bare]: RegExpExecArray, now: number): Term {
  const values = ((rest ?? bare ?? '').match(VALUES) ?? []).map(unquoted);
  const isNot = minus === '-';
  if (field === undefined) return { field: 'id', name: '', operator: 'contains', values, isNot, at: 0 };
  const shown = JSON.stringify(name === '' ? field : `${field}.${name}`);
  if (!Object.hasOwn(FIELDS, field) || (field === 'tag') === (name === ''))
    throw invalid(
      text,
      `has the field ${shown}`,
      `one of ${Object.keys(FIELDS).join(', ').replace('tag', 'tag.NAME')}; an id with : or = is quoted`,
    );
  const known = field as Field;
  const operator = OPERATORS[sign as string] as Operator;
  const allowed: readonly Operator[] = FIELDS[known];
  if (!allowed.includes(operator))
    throw invalid(text, `compares ${shown} with ${sign}`, allowed.map((each) => `${field}${WORDS[each]}`).join(' or '));
  const term = { field: known, name: unquoted(name), operator, values, isNot, at: 0 };
  return checked(text, term, now);
}

/** A value of a field that has a form. */
function checked(text: string, term: Term, now: number): Term {
  const { field, values, operator } = term;
  const [value = ''] = values;
  if (operator === 'above' || operator === 'below') {
    if (values.length > 1) throw invalid(text, `compares ${field} with several values`, 'one value');
    if (field !== 'version') return ranged(text, term, value, now);
  }
  for (const each of values) {
    if (field === 'status' && !STATUS_WORDS.includes(each)) throw invalid(text, `has the status ${each}`, STATUS_WORDS.join(', '));
    if (field === 'is' && each !== 'unresolved') throw invalid(text, `has is:${each}`, 'is:unresolved');
    if (field === 'version' && !/^\d{1,9}$/.test(each)) throw invalid(text, `has the version ${each}`, 'a whole number');
  }
  return term;
}

/** An age counts back from now, so `started:>2d` is before the instant two days ago. */
function ranged(text: string, term: Term, value: string, now: number): Term {
  const age = AGE.test(value) ? (ms(value as ms.StringValue) as number | undefined) : undefined;
  if (age !== undefined && Number.isFinite(age)) return { ...term, operator: term.operator === 'above' ? 'below' : 'above', at: now - age };
  const at = term.field === 'started' ? Date.parse(value) : Number.NaN;
  if (Number.isFinite(at)) return { ...term, at };
  const expected = term.field === 'started' ? 'an age such as 2d, or a date such as 2026-11-21' : 'an age such as 3h';
  throw invalid(text, `compares ${term.field} with ${JSON.stringify(value)}`, expected);
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

function invalid(text: string, what: string, expected: string): ContractError {
  return new ContractError('DATA_INVALID', `The filter ${JSON.stringify(text)} ${what}: expected ${expected}.`, {
    remedy: 'Write terms such as process:book-trip status:stuck tag.region=eu started:>2d, separated by spaces.',
  });
}

/** Whether an instance fits every term. */
export function fits({ terms }: Where, facts: Facts): boolean {
  return terms.every((term) => termFits(term, facts) !== term.isNot);
}

function termFits(term: Term, facts: Facts): boolean {
  const { field, name, values } = term;
  switch (field) {
    case 'process':
    case 'id':
      return textFits(term, facts[field]);
    case 'tag':
      return textFits(term, Object.hasOwn(facts.tags, name) ? facts.tags[name] : undefined);
    case 'status':
      return values.some((word) => (word === 'paused' ? facts.paused : statusesOf(word).includes(facts.status)));
    case 'is':
      return facts.unresolved;
    case 'version':
      return values.some((value) => numberFits(term, facts.version, Number(value)));
    case 'started':
      return numberFits(term, facts.started, term.at);
    case 'waited':
      return numberFits(term, facts.waitedSince(), term.at);
    case 'waits':
      return facts
        .waits()
        .some((wait) => textFits(term, wait) || (term.operator === 'equals' && values.some((value) => wait.startsWith(`${value}.`))));
    case 'why':
      return textFits(term, facts.why());
    case 'cause':
      return facts.causes().some((cause) => textFits(term, cause));
  }
}

function textFits({ operator, values }: Term, text: string | undefined): boolean {
  if (text === undefined) return false;
  if (operator === 'equals') return values.includes(text);
  const lower = text.toLowerCase();
  return values.some((value) => lower.includes(value.toLowerCase()));
}

function numberFits({ operator }: Term, value: number | undefined, limit: number): boolean {
  if (value === undefined) return false;
  return operator === 'equals' ? value === limit : operator === 'above' ? value > limit : value < limit;
}

function statusesOf(word: string): readonly string[] {
  return word === 'open' ? OPEN : word === 'closed' ? CLOSED : [word];
}

/** The part of the filter that an index serves. The caller still checks each head with `fits`. */
export function indexed({ terms }: Where): Omit<InstanceFilter, 'tenant'> {
  const found: { -readonly [K in keyof InstanceFilter]?: InstanceFilter[K] } = {};
  const tags: Record<string, string> = {};
  let isOpen = false;
  for (const { field, name, operator, values, isNot, at } of terms) {
    const [value = '', ...others] = values;
    if (isNot) continue;
    // An instance that has ended waits for nothing, and one waits no longer than since its start.
    if (field === 'waits' || field === 'waited') isOpen = true;
    if (operator === 'contains') continue;
    if (field === 'process' && others.length === 0) found.process = value;
    if (field === 'tag' && others.length === 0) tags[name] = value;
    if (field === 'is') found.unresolved = true;
    if (field === 'status' && !values.includes('paused'))
      found.statuses = STATUSES.filter((status) => values.some((word) => statusesOf(word).includes(status)));
    if (field === 'status' && value === 'paused' && others.length === 0) found.paused = true;
    if (field === 'started' && operator === 'above') found.startedAfter = at;
    if ((field === 'started' || field === 'waited') && operator === 'below') found.startedBefore = Math.min(at, found.startedBefore ?? at);
  }
  if (isOpen) found.statuses = (found.statuses ?? OPEN).filter((status) => OPEN.some((open) => open === status));
  return { ...found, ...(Object.keys(tags).length > 0 && { tags }) };
}
