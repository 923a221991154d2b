import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Deployment } from '../localstack/outside/deployment.ts';
import { asciiJson, envelope } from '../localstack/outside/publish.ts';

/** Publishes events in one request, by a role of the stack that was made for it. */
export async function publishAs(
  { name, bus }: Deployment,
  role: string,
  events: readonly (readonly [type: string, data: unknown])[],
): Promise<void> {
  const sts = new STSClient({});
  const region = await sts.config.region();
  const { Account: account } = await sts.send(new GetCallerIdentityCommand({}));
  const { Credentials: made } = await sts.send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${account}:role/${name}-${role}-${region}`, RoleSessionName: 'smoke' }),
  );
  const client = new EventBridgeClient({
    credentials: { accessKeyId: made!.AccessKeyId!, secretAccessKey: made!.SecretAccessKey!, sessionToken: made!.SessionToken! },
  });
  const { Entries } = await client.send(
    new PutEventsCommand({
      Entries: events.map(([type, data]) => ({
        EventBusName: bus,
        Source: type.split('.')[0]!,
        DetailType: type,
        Detail: asciiJson(envelope(type, data)),
      })),
    }),
  );
  const failed = Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (failed) throw new Error(`The bus refused an entry: ${failed.ErrorCode} ${failed.ErrorMessage}`);
}
