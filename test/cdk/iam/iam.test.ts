import { describe, expect, test } from 'vitest';
import { holds, isLike, type Condition, type Context } from './condition.ts';
import { decide, type Asked, type Principal, type Statement } from './decide.ts';

// The rights tests rely on these rules of IAM. A policy that misses one of them deploys without an error.

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const table = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/trips`;

describe('conditions', () => {
  const keys = (operator: string, values: readonly string[]): Condition => ({ [operator]: { 'dynamodb:LeadingKeys': values } });
  const leading = (...values: readonly string[]): Context => ({ 'dynamodb:LeadingKeys': values });

  test.each<[string, Condition, Context, boolean]>([
    [
      'one of the values suffices',
      { StringEquals: { 'dynamodb:Select': ['COUNT', 'SPECIFIC_ATTRIBUTES'] } },
      { 'dynamodb:Select': 'COUNT' },
      true,
    ],
    ['all keys must hold', { StringEquals: { a: '1', b: '2' } }, { a: '1', b: '3' }, false],
    ['all operators must hold', { StringEquals: { a: '1' }, StringLike: { b: 'x*' } }, { a: '1', b: 'y' }, false],
    ['a key that is absent does not match', { StringEquals: { a: '1' } }, {}, false],
    ['a negated operator holds for a key that is absent', { StringNotEquals: { a: '1' } }, {}, true],
    ['none of the values of a negated operator may match', { StringNotEquals: { a: ['1', '2'] } }, { a: '2' }, false],
    ['IfExists holds for a key that is absent', { StringEqualsIfExists: { a: '1' } }, {}, true],
    ['IfExists compares a key that is there', { StringEqualsIfExists: { a: '1' } }, { a: '2' }, false],
    ['names of keys are compared without case', { StringEquals: { 'DynamoDB:Select': 'COUNT' } }, { 'dynamodb:select': 'COUNT' }, true],
    ['values are compared with case', { StringEquals: { a: 'X' } }, { a: 'x' }, false],
    ['ForAllValues holds where each value is allowed', keys('ForAllValues:StringEquals', ['a', 'b']), leading('a', 'b'), true],
    ['ForAllValues refuses one value among others', keys('ForAllValues:StringEquals', ['a', 'b']), leading('a', 'c'), false],
    ['ForAllValues holds for a key that is absent', keys('ForAllValues:StringEquals', ['a']), {}, true],
    ['ForAllValues holds for a set without a value', keys('ForAllValues:StringEquals', ['a']), leading(), true],
    [
      'ForAllValues with a negated operator refuses what is excluded',
      keys('ForAllValues:StringNotEquals', ['k']),
      leading('a', 'k'),
      false,
    ],
    ['ForAllValues with a negated operator lets all else through', keys('ForAllValues:StringNotEquals', ['k']), leading('a', 'b'), true],
    ['ForAnyValue holds where one value matches', keys('ForAnyValue:StringEquals', ['a']), leading('b', 'a'), true],
    ['ForAnyValue does not hold for a key that is absent', keys('ForAnyValue:StringEquals', ['a']), {}, false],
    ['Null false wants the key', { Null: { a: 'false' } }, {}, false],
    ['Null false takes an empty set for none', { Null: { a: 'false' } }, { a: [] }, false],
    ['Null true wants no key', { Null: { a: 'true' } }, { a: 'x' }, false],
    [
      'a set operator takes the value of a single-valued key for a set of one',
      { 'ForAllValues:StringEquals': { a: 'x' } },
      { a: 'x' },
      true,
    ],
    [
      'ArnEquals takes wildcards',
      { ArnEquals: { a: 'arn:aws:events:*:1:rule/trips/*' } },
      { a: 'arn:aws:events:eu-west-1:1:rule/trips/x' },
      true,
    ],
    ['a wildcard of an ARN ends with its part', { ArnLike: { a: 'arn:aws:sqs:*:inbox' } }, { a: 'arn:aws:sqs:eu-west-1:1:inbox' }, false],
    ['Bool compares texts', { Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'true' }, false],
  ])('%s', (_rule, condition, context, expected) => {
    expect(holds(condition, context)).toBe(expected);
  });

  test('an operator for one value is an error where the key has several, since IAM does not define it', () => {
    expect(() => holds(keys('StringEquals', ['a']), leading('a'))).toThrow(/several values/);
  });

  test('an operator that the evaluator does not know is an error, not a refusal', () => {
    expect(() => holds({ NumericLessThan: { a: '1' } }, { a: '0' })).toThrow(/does not know/);
  });

  test('a pattern is no regular expression', () => {
    expect(isLike('a.b', 'a.b')).toBe(true);
    expect(isLike('axb', 'a.b')).toBe(false);
    expect(isLike('K#reply-keys', 'K#?*')).toBe(true);
    expect(isLike('K#', 'K#?*')).toBe(false);
  });
});

describe('decisions', () => {
  const role: Principal = { arn: `arn:aws:iam::${ACCOUNT}:role/advance`, account: ACCOUNT };
  const asked = (over: Partial<Asked> = {}): Asked => ({
    action: 'dynamodb:GetItem',
    resource: table,
    account: ACCOUNT,
    context: {},
    ...over,
  });
  const allow = (over: Partial<Statement> = {}): Statement => ({
    name: 'allow',
    Effect: 'Allow',
    Action: 'dynamodb:GetItem',
    Resource: table,
    ...over,
  });
  const decided = (request: Asked, identity: readonly Statement[], resource: readonly Statement[] = [], principal = role): boolean =>
    decide(request, principal, { identity, resource }).allowed;

  test('a call that no statement allows is refused', () => {
    expect(decided(asked(), [])).toBe(false);
    expect(decided(asked({ action: 'dynamodb:PutItem' }), [allow()])).toBe(false);
  });

  test('a right on a table is none on its indexes, and the reverse', () => {
    const index = `${table}/index/list`;
    expect(decided(asked({ resource: index }), [allow()])).toBe(false);
    expect(decided(asked(), [allow({ Resource: index })])).toBe(false);
  });

  test('a Deny refuses what another statement allows', () => {
    expect(decided(asked(), [allow(), allow({ name: 'deny', Effect: 'Deny' })])).toBe(false);
  });

  test('a Deny whose condition does not hold refuses nothing', () => {
    const insecure = { Bool: { 'aws:SecureTransport': 'false' } };
    expect(decided(asked(), [allow(), allow({ name: 'deny', Effect: 'Deny', Condition: insecure })])).toBe(true);
  });

  test('in one account the policy of a resource that names the role suffices', () => {
    expect(decided(asked(), [], [allow({ Principal: { AWS: role.arn as string } })])).toBe(true);
  });

  test('a policy of a resource that names the account leaves the decision to the account', () => {
    const byAccount = allow({ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } });
    expect(decided(asked(), [], [byAccount])).toBe(false);
    expect(decided(asked(), [allow()], [byAccount])).toBe(true);
  });

  test('across accounts identity and resource must both allow', () => {
    const stranger: Principal = { arn: `arn:aws:iam::${OTHER}:role/flights`, account: OTHER };
    const admitting = allow({ Principal: { AWS: `arn:aws:iam::${OTHER}:root` } });
    expect(decided(asked(), [allow()], [], stranger)).toBe(false);
    expect(decided(asked(), [], [admitting], stranger)).toBe(false);
    expect(decided(asked(), [allow()], [admitting], stranger)).toBe(true);
  });

  test('a service of AWS is let in by the policy of the resource alone', () => {
    const events: Principal = { service: 'events.amazonaws.com' };
    expect(decided(asked(), [allow()], [], events)).toBe(false);
    expect(decided(asked(), [], [allow({ Principal: { Service: 'events.amazonaws.com' } })], events)).toBe(true);
  });

  test('a Deny of every role but some also refuses EventBridge, which has no aws:PrincipalArn', () => {
    const events: Principal = { service: 'events.amazonaws.com' };
    const letIn = allow({ Principal: { Service: 'events.amazonaws.com' } });
    const others = (operator: string): Statement =>
      allow({
        name: 'deny',
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Condition: { [operator]: { 'aws:PrincipalArn': [role.arn as string] } },
      });
    expect(decided(asked(), [], [letIn, others('ArnNotEquals')], events)).toBe(false);
    expect(decided(asked(), [], [letIn, others('ForAnyValue:ArnNotEquals')], events)).toBe(true);
  });
});
