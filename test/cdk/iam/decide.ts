import { holds, isLike, listed, type Condition, type Context } from './condition.ts';

/** One statement of a policy, with a name under which a test finds it again. */
export interface Statement {
  readonly name: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  /** Absent in the policy of a resource that CloudFormation writes without it: then that resource. */
  readonly Resource: string | readonly string[];
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Condition?: Condition;
}

/** An identity, or a service of AWS. */
export interface Principal {
  /** As aws:PrincipalArn has it: of a role, also in a session of the role. Absent for a service. */
  readonly arn?: string;
  readonly account?: string;
  readonly service?: string;
}

/** One thing that a call asks IAM for. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  /** Of the resource. */
  readonly account: string;
  readonly context: Context;
}

export interface Policies {
  readonly identity: readonly Statement[];
  /** Of the resource that is asked for. */
  readonly resource: readonly Statement[];
}

export interface Decision {
  readonly allowed: boolean;
  /** Statements that let it through. */
  readonly by: readonly Statement[];
  readonly why: string;
}

/**
 * The evaluation logic of IAM for role and resource policies (IAM user guide, reference_policies_evaluation-logic). There are no permission
 * boundaries, session policies and organizations here.
 * D1 a Deny that applies refuses the call, whatever allows it. D2 a call that nothing allows is refused.
 * D3 in one account the policy of the identity or that of the resource suffices; across accounts both must allow.
 * D4 a resource policy that names the account, by its id or its root, lets the account decide: the identity must be allowed as well.
 */
export function decide(asked: Asked, principal: Principal, policies: Policies): Decision {
  const context = { ...contextOf(principal), ...asked.context };
  const applies = (statement: Statement): boolean => matches(statement, asked, context);
  const named = policies.resource.filter((each) => namesPrincipal(each, principal) !== 'not');
  const denying = [...policies.identity, ...named].filter(({ Effect }) => Effect === 'Deny').find(applies);
  if (denying) return { allowed: false, by: [], why: `${denying.name} denies it` };
  const identity = policies.identity.filter(({ Effect }) => Effect === 'Allow').filter(applies);
  const resource = named.filter(({ Effect }) => Effect === 'Allow').filter(applies);
  const itself = resource.some((each) => namesPrincipal(each, principal) === 'itself');
  const sameAccount = principal.service === undefined && principal.account === asked.account;
  const allowed =
    principal.service !== undefined ? itself : sameAccount ? identity.length > 0 || itself : identity.length > 0 && resource.length > 0;
  return { allowed, by: allowed ? [...identity, ...resource] : [], why: allowed ? '' : 'no statement allows it' };
}

/** Keys that every request has (reference_policies_condition-keys). `aws:PrincipalArn` is not there where a service of AWS calls for itself. */
function contextOf({ arn, account, service }: Principal): Context {
  return {
    'aws:SecureTransport': 'true',
    'aws:PrincipalIsAWSService': String(service !== undefined),
    ...(arn !== undefined && { 'aws:PrincipalArn': arn }),
    ...(account !== undefined && { 'aws:PrincipalAccount': account }),
  };
}

function matches({ Action, Resource, Condition: condition }: Statement, { action, resource }: Asked, context: Context): boolean {
  return (
    listed(Action).some((each) => isLike(action.toLowerCase(), each.toLowerCase())) &&
    listed(Resource).some((each) => isLike(resource, each)) &&
    holds(condition, context)
  );
}

function namesPrincipal({ Principal: named }: Statement, { arn, account, service }: Principal): 'itself' | 'its account' | 'not' {
  if (named === undefined) return 'not';
  if (named === '*') return 'itself';
  const accounts = listed(named['AWS'] ?? []);
  if (service !== undefined) return listed(named['Service'] ?? []).includes(service) || accounts.includes('*') ? 'itself' : 'not';
  if (accounts.includes('*') || accounts.includes(arn ?? '')) return 'itself';
  return accounts.some((each) => each === account || each.endsWith(`:iam::${account}:root`)) ? 'its account' : 'not';
}
