import { Stack, Validations } from 'aws-cdk-lib/core';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** cdk-nag asks for a reason for each wildcard of a role, by the full name of the resource. The only ones are prefixes of the payload bucket. */
export function acknowledgePrefixes(role: IConstruct, statements: readonly PolicyStatement[]): void {
  const stack = Stack.of(role);
  const prefixes = new Set(statements.flatMap((statement) => statement.resources).filter((resource) => resource.endsWith('/*')));
  for (const prefix of prefixes) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${asText(stack.resolve(prefix))}]`,
      reason:
        'The prefix holds the values of one writer. Their keys contain the instance and a hash of the content, so they are unknown at deployment.',
    });
  }
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
