import { Stack, Validations } from 'aws-cdk-lib/core';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** The only wildcards of a role are prefixes of the payload bucket: cdk-nag wants a reason for each of them, by its full name. */
export function acknowledgePrefixes(role: IConstruct, statements: readonly PolicyStatement[]): void {
  const stack = Stack.of(role);
  const prefixes = new Set(statements.flatMap((statement) => statement.resources).filter((resource) => resource.endsWith('/*')));
  for (const prefix of prefixes) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${asText(stack.resolve(prefix))}]`,
      reason: 'The values of one writer, each named by its instance and its content: which they are is known only when they are written.',
    });
  }
}

/** A reference of CloudFormation as cdk-nag writes it into the names of its findings. */
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
