import { ACCOUNT, REGION, type Resource } from './synthesized.ts';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: Readonly<Record<string, string>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Statements as readable lines: for each resource its allowed actions, sorted. */
export const statementLines = (statements: readonly Statement[]): readonly string[] => {
  const actions = new Map<string, Set<string>>();
  for (const statement of statements)
    for (const resource of listOf(statement.Resource ?? 'itself')) {
      const key = `${whoOf(statement)}\n on ${shortArn(resource)}${conditionOf(statement)}`;
      actions.set(key, new Set([...(actions.get(key) ?? []), ...listOf(statement.Action)]));
    }
  return Array.from(actions, ([key, names]) => key.replace('\n', [...names].sort().join(', '))).sort();
};

const whoOf = ({ Effect, Principal }: Statement): string => {
  const who = Principal ? `${Object.values(Principal).map(shortArn).join()}: ` : '';
  return Effect === 'Deny' ? `${who}never ` : who;
};

const conditionOf = ({ Condition }: Statement): string =>
  Condition ? `, if ${Object.entries(Condition).flatMap(conditionTexts).join(' and ')}` : '';

const conditionTexts = ([operator, keys]: [string, Readonly<Record<string, unknown>>]): readonly string[] =>
  Object.entries(keys).map(([key, value]) => {
    const values = listOf(value as string | readonly string[]).map(shortArn);
    if (operator === 'Null' && value === 'false') return `${key} is there`;
    if (operator.includes('Not')) return `${key} is none of ${values.join(', ')}`;
    return operator.startsWith('ForAllValues') ? `each ${key} is ${values.join(' or ')}` : `${key} is ${values.join(' or ')}`;
  });

export const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? (value as readonly T[]) : [value as T]);

const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`^arn:aws:sqs:${REGION}:${ACCOUNT}:(.*)$`), 'queue $1'],
  [new RegExp(`^arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/([^/]*)/index/(.*)$`), 'index $2 of table $1'],
  [new RegExp(`^arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/(.*)$`), 'table $1'],
  [new RegExp(`^arn:aws:s3:::trips-payloads-${ACCOUNT}-${REGION}/(.*)$`), 'values $1'],
  [new RegExp(`^arn:aws:s3:::trips-payloads-${ACCOUNT}-${REGION}$`), 'the bucket'],
  [new RegExp(`^arn:aws:events:${REGION}:${ACCOUNT}:event-bus/(.*)$`), 'bus $1'],
  [new RegExp(`^arn:aws:events:${REGION}:${ACCOUNT}:rule/(.*)$`), 'rule $1'],
  [new RegExp(`^arn:aws:ssm:${REGION}:${ACCOUNT}:parameter(.*)$`), 'parameters $1'],
  [new RegExp(`^arn:aws:iam::(\\d+):role/(.*)$`), 'role $2'],
  [new RegExp(`^arn:aws:iam::(\\d+):root$`), 'account $1'],
  [/^AWS::Logs::LogGroup\/.*$/, 'its own log'],
  [/^AWS::IAM::Role\/.*?(AdvanceProcesses|SweepTimers|WakeOverdue|DrainDeadLetters|RetireClosed|Payments).*$/, 'role of $1'],
  [/^AWS::Lambda::Function\/.*?(AdvanceProcesses|SweepTimers|WakeOverdue|DrainDeadLetters|RetireClosed|Payments).*$/, 'function $1'],
];

const shortArn = (text: string): string => {
  const [pattern, replacement] = PREFIXES.find(([each]) => each.test(text)) ?? [];
  return pattern && replacement ? text.replace(pattern, replacement) : text;
};

/** The statements of the inline policies of a role and of the policies that grants made. */
export const roleLines = (resources: readonly Resource[], role: string): readonly string[] => {
  const found = resources.find(({ id, type }) => type === 'AWS::IAM::Role' && id.includes(role));
  const inline = (found?.properties['Policies'] ?? []) as readonly { readonly PolicyDocument: Document }[];
  const attached = resources.filter(({ id, type }) => type === 'AWS::IAM::Policy' && id.includes(role));
  const documents = [
    ...inline.map((policy) => policy.PolicyDocument),
    ...attached.map(({ properties }) => properties['PolicyDocument'] as Document),
  ];
  return statementLines(documents.flatMap((document) => document.Statement));
};

interface Document {
  readonly Statement: readonly Statement[];
}

/** The statements of resource policies, without the denial of requests without TLS, which each test asserts by itself. */
export const policyLines = (resources: readonly Resource[], type: string): readonly string[] =>
  statementLines(documentsOf(resources, type).flatMap((document) => document.Statement.filter((each) => !isTlsOnly(each))));

export const documentsOf = (resources: readonly Resource[], type: string): readonly Document[] =>
  resources.filter((each) => each.type === type).map(({ properties }) => properties['PolicyDocument'] as Document);

export const isTlsOnly = ({ Effect, Condition, Principal, Action }: Statement): boolean =>
  Effect === 'Deny' &&
  Condition?.['Bool']?.['aws:SecureTransport'] === 'false' &&
  Principal?.['AWS'] === '*' &&
  /^(?:sqs|s3):\*$/.test(String(Action));
