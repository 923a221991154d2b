import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';

/*
 * The filter grammar (lib/client/where.ts) as tokens of a PropertyFilter, and back. The server reads the text; the page only splits it into terms. A
 * text that it cannot split stays whole, as one token, and the server says what is wrong.
 */

const VALUE = String.raw`"(?:[^"\\]|\\.)*"|[^\s",]+`;
const NAME = String.raw`"(?:[^"\\]|\\.)*"|[^\s",:=~]+`;
const TERM = new RegExp(
  String.raw`\s*(-?)(?:([A-Za-z]+)(?:\.(${NAME}))?(:[<>]|[:=~])((?:${VALUE})(?:,(?:${VALUE}))*)|((?:${NAME})(?:,(?:${NAME}))*))(?:\s+|$)`,
  'y',
);

const OPERATORS: Readonly<Record<string, readonly [string, string]>> = {
  ':': ['=', '!='],
  '=': ['=', '!='],
  '~': [':', '!:'],
  ':>': ['>', '!>'],
  ':<': ['<', '!<'],
};
const SIGNS: Readonly<Record<string, readonly [string, string]>> = {
  '=': ['', ':'],
  '!=': ['-', ':'],
  ':': ['', '~'],
  '!:': ['-', '~'],
  '>': ['', ':>'],
  '<': ['', ':<'],
  '!>': ['-', ':>'],
  '!<': ['-', ':<'],
};

/** The tokens of a filter text. */
export function tokensOf(where: string): PropertyFilterProps.Query {
  const tokens: PropertyFilterProps.Token[] = [];
  TERM.lastIndex = 0;
  while (TERM.lastIndex < where.length) {
    const match = TERM.exec(where);
    if (match === null) return { operation: 'and', tokens: [{ operator: ':', value: where }] };
    const [, minus, field, name, sign = ':', values, bare] = match;
    const isNot = minus === '-';
    if (field === undefined) tokens.push({ operator: isNot ? '!:' : ':', value: bare ?? '' });
    else {
      const operator = (OPERATORS[sign] as readonly [string, string])[isNot ? 1 : 0];
      tokens.push({
        propertyKey: field,
        operator,
        value: name === undefined ? plain(values ?? '') : `${plain(name)}=${plain(values ?? '')}`,
      });
    }
  }
  return { operation: 'and', tokens };
}

/** The filter text of tokens. */
export function whereOf({ tokens }: PropertyFilterProps.Query): string {
  return tokens.map(termOf).join(' ');
}

function termOf({ propertyKey, operator, value }: PropertyFilterProps.Token): string {
  const text = String(value).trim();
  const [minus, sign] = SIGNS[operator] ?? ['', ':'];
  if (propertyKey === undefined) return `${minus}${quoted(text, /^[^\s",:=~-][^\s",:=~]*$/)}`;
  if (propertyKey !== 'tag') return `${minus}${propertyKey}${sign}${listed(text)}`;
  const at = text.indexOf('=');
  const [name, rest] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return `${minus}tag.${quoted(name, /^[^\s",:=~]+$/)}${sign}${rest === '' ? '""' : listed(rest)}`;
}

/** The values of a term. Several values are separated by commas; a text with a space is one value, with its commas. */
export function listed(text: string): string {
  return /[\s"]/.test(text) ? quoted(text, /^$/) : text === '' ? '""' : text;
}

function quoted(text: string, bare: RegExp): string {
  return bare.test(text) ? text : `"${text.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
}

function plain(value: string): string {
  return /^"(?:[^"\\]|\\.)*"$/.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

const RANGE = ['>', '<'];
const TEXT = ['=', '!=', ':', '!:'];

/** The fields of the grammar, for the suggestions. */
export const FIELDS: readonly PropertyFilterProps.FilteringProperty[] = [
  { key: 'status', propertyLabel: 'Status', groupValuesLabel: 'Status values', operators: ['=', '!='], defaultOperator: '=' },
  { key: 'process', propertyLabel: 'Process', groupValuesLabel: 'Processes', operators: TEXT },
  { key: 'waits', propertyLabel: 'Waits for', groupValuesLabel: 'Commands, events and timers', operators: TEXT },
  { key: 'waited', propertyLabel: 'Waited', groupValuesLabel: 'Times', operators: RANGE, defaultOperator: '>' },
  { key: 'started', propertyLabel: 'Started', groupValuesLabel: 'Ages and dates', operators: RANGE, defaultOperator: '<' },
  { key: 'id', propertyLabel: 'Id', groupValuesLabel: 'Ids', operators: TEXT },
  { key: 'tag', propertyLabel: 'Tag', groupValuesLabel: 'Tags', operators: TEXT },
  { key: 'why', propertyLabel: 'Why', groupValuesLabel: 'Texts', operators: [':', '!:'], defaultOperator: ':' },
  { key: 'cause', propertyLabel: 'Cause', groupValuesLabel: 'Causes', operators: ['=', '!='] },
  { key: 'version', propertyLabel: 'Version', groupValuesLabel: 'Versions', operators: ['=', '!=', '>', '<'] },
  { key: 'is', propertyLabel: 'Is', groupValuesLabel: 'Conditions', operators: ['=', '!='] },
];

/** The values that are suggested whatever the system is. */
export const VALUES: readonly PropertyFilterProps.FilteringOption[] = [
  ...['running', 'stuck', 'paused', 'open', 'completed', 'failed', 'cancelled', 'terminated', 'closed'].map((value) => ({
    propertyKey: 'status',
    value,
  })),
  ...['5m', '15m', '1h', '3h', '1d', '7d'].map((value) => ({ propertyKey: 'waited', value })),
  ...['15m', '1h', '1d', '7d', '30d'].map((value) => ({ propertyKey: 'started', value })),
  { propertyKey: 'is', value: 'unresolved' },
];
