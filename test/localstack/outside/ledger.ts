import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Deployment } from './deployment.ts';

/** The effect of a foreign system under one idempotency key. */
export interface Deed {
  /** The idempotency key: the id of a command, which begins with that of its instance. */
  readonly key: string;
  readonly service: string;
  readonly what: string;
  /** The identifier that the foreign system chose: `cancel` and `refund` name it. */
  readonly answer: string;
  readonly doneAt: number;
}

/** All that was done, oldest first. */
export async function readLedger({ dynamodb, ledger }: Deployment): Promise<readonly Deed[]> {
  const deeds: Deed[] = [];
  let from: Record<string, never> | undefined;
  do {
    const page = await dynamodb.send(
      new ScanCommand({ TableName: ledger, ConsistentRead: true, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
    );
    for (const item of page.Items ?? [])
      deeds.push({
        key: item['key']!.S!,
        service: item['service']!.S!,
        what: item['what']!.S!,
        answer: item['answer']!.S!,
        doneAt: Number(item['doneAt']!.N),
      });
    from = page.LastEvaluatedKey as typeof from;
  } while (from !== undefined);
  return deeds.sort((a, b) => a.doneAt - b.doneAt);
}

/** The effects for one instance, as `service: what`, oldest first, without identifiers that the ledger chose. */
export async function deedsFor(deployment: Deployment, pid: string): Promise<readonly string[]> {
  const deeds = (await readLedger(deployment)).filter(({ key }) => key.startsWith(`${pid}/`));
  return deeds.map(({ service, what }) => `${service}: ${what.split(' ')[0]}`);
}
