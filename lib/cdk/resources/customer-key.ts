import { Stack } from 'aws-cdk-lib/core';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * Lets EventBridge encrypt the messages of its rules ("Encrypting Amazon EventBridge target queues": the key's policy names the service and the
 * rules), and CloudWatch Logs encrypt the logs. CDK cannot change the policy of an imported key: its owner adds both statements.
 */
export function letServicesUse(scope: Construct, key: IKey, rules: string): void {
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'RulesEncrypt',
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { ArnLike: { 'aws:SourceArn': rules } },
    }),
  );
  letLogsUse(scope, key);
}

/** Lets CloudWatch Logs use the key for log groups of this account and region only ("Encrypt log data in CloudWatch Logs using AWS KMS"). */
export function letLogsUse(scope: Construct, key: IKey): void {
  const stack = Stack.of(scope);
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
      actions: ['kms:Decrypt*', 'kms:Describe*', 'kms:Encrypt*', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': stack.formatArn({ service: 'logs', resource: 'log-group:*' }) } },
    }),
  );
}
