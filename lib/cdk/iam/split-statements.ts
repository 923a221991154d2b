import { Stack } from 'aws-cdk-lib/core';
import { PolicyDocument, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { ContractError } from '../../contract/errors.ts';
import { writtenLength } from '../resources/aws-limits.ts';

/** IAM allows 10,240 characters of inline policies per role, 6,144 per managed policy, and 10 managed policies per role ("IAM and AWS STS quotas"). */
const INLINE_MAX = 10_000;
const MANAGED_MAX = 6_000;
const POLICIES_MAX = 10;
/** A statement with more resources is divided if the statements do not fit inline. */
const RESOURCES_MAX = 20;

export interface SplitStatements {
  readonly inline: readonly PolicyStatement[];
  /** The statements of each managed policy. */
  readonly managed: readonly (readonly PolicyStatement[])[];
}

/** Fills the inline policy first, then as many managed policies as needed, in order. */
export function splitStatements(scope: Construct, statements: readonly PolicyStatement[]): SplitStatements {
  const lengthOf = (some: readonly PolicyStatement[]): number =>
    writtenLength(Stack.of(scope).resolve(new PolicyDocument({ statements: some.map((each) => each.copy()) })));
  if (lengthOf(statements) <= INLINE_MAX) return { inline: statements, managed: [] };
  const groups: PolicyStatement[][] = [[]];
  for (const piece of statements.flatMap(divided)) {
    const group = groups.at(-1) as PolicyStatement[];
    if (lengthOf([...group, piece]) <= (groups.length === 1 ? INLINE_MAX : MANAGED_MAX)) group.push(piece);
    else groups.push([piece]);
  }
  const [inline = [], ...managed] = groups;
  if (managed.length <= POLICIES_MAX) return { inline, managed };
  throw new ContractError(
    'CONTRACT_INVALID',
    `The role of ${scope.node.path} needs ${managed.length} managed policies: AWS allows ${POLICIES_MAX} per role.`,
    { remedy: 'Divide the system into several, each with fewer services and an orchestrator of its own.' },
  );
}

function divided(statement: PolicyStatement): readonly PolicyStatement[] {
  const { resources } = statement;
  return Array.from({ length: Math.ceil(resources.length / RESOURCES_MAX) }, (_, i) =>
    statement.copy({ resources: resources.slice(i * RESOURCES_MAX, (i + 1) * RESOURCES_MAX) }),
  );
}
