import { Stack, Validations } from 'aws-cdk-lib/core';
import type { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

const VALUES =
  'The prefix holds the values of one writer. Their keys contain the instance and a hash of the content, so they are unknown at deployment.';

/** cdk-nag asks for a reason for each wildcard of a role, by the full name of the resource. The only ones are prefixes of the payload bucket. */
export function acknowledgePrefixes(role: IConstruct, statements: readonly PolicyStatement[]): void {
  acknowledge(
    role,
    statements.flatMap(({ resources }) => resources),
    VALUES,
  );
}

/** The same for the rights that a role has got from grants until now. */
export function acknowledgeGranted(role: IConstruct, reason = VALUES): void {
  const { document } = role.node.findChild('DefaultPolicy') as Policy;
  const { Statement: statements } = document.toJSON() as {
    readonly Statement: readonly { readonly Resource: string | readonly string[] }[];
  };
  acknowledge(
    role,
    statements.flatMap(({ Resource }) => Resource),
    reason,
  );
}

/** The right to make network interfaces, which has no narrower resource. */
export function acknowledgeNetworkInterfaces(role: IConstruct): void {
  const reason = 'Lambda makes network interfaces in the network of the Kafka cluster. EC2 knows no resource for that before one exists.';
  Validations.of(role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason });
}

function acknowledge(role: IConstruct, resources: readonly string[], reason: string): void {
  const prefixes = resources.map((resource) => asText(Stack.of(role).resolve(resource))).filter((resource) => resource.endsWith('/*'));
  for (const prefix of new Set(prefixes)) Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${prefix}]`, reason });
}

/** A CloudFormation reference in the notation of cdk-nag's findings. */
function asText(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const [kind, value] = Object.entries(resolved as Record<string, unknown>)[0] ?? [];
  if (kind === 'Fn::Join') {
    const [separator, parts] = value as readonly [string, readonly unknown[]];
    return parts.map(asText).join(separator);
  }
  if (kind === 'Fn::GetAtt') return `<${(value as readonly unknown[]).map(asText).join('.')}>`;
  return kind === 'Ref' ? `<${asText(value)}>` : JSON.stringify(resolved);
}
