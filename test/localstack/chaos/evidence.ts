import { DynamoDbInstanceIndex } from '../../../lib/adapters/dynamodb/instance-index.ts';
import { DynamoDbParkingStore } from '../../../lib/adapters/dynamodb/parking-store.ts';
import { DynamoDbPayloadStore } from '../../../lib/adapters/dynamodb/payload-store.ts';
import { DynamoDbProcessStore } from '../../../lib/adapters/dynamodb/process-store.ts';
import { S3PayloadStore } from '../../../lib/adapters/s3/payload-store.ts';
import type { Evidence } from '../../simulation/auditor/evidence.ts';
import type { Effect } from '../../simulation/scenarios/scenario.ts';
import type { Deployment } from '../outside/deployment.ts';
import { readLedger, type Deed } from '../outside/ledger.ts';
import { messagesIn } from '../outside/queue.ts';

const services = ['payments', 'flights', 'hotels', 'notifications'];

/** All queues that bookings use, with their dead-letter queues. */
export function bookingQueues({ inboxUrl, hotLaneUrl, queueUrl }: Deployment): readonly string[] {
  const deadLetters = [`${inboxUrl}-dead-letter`, hotLaneUrl.replace(/\.fifo$/, '-dead-letter.fifo')];
  return [inboxUrl, hotLaneUrl, ...deadLetters, ...services.flatMap((service) => [queueUrl(service), `${queueUrl(service)}-dead-letter`])];
}

/** How many messages are left, by queue. */
export async function messagesLeft(deployment: Deployment): Promise<ReadonlyMap<string, number>> {
  const urls = bookingQueues(deployment);
  const counts = await Promise.all(urls.map((url) => messagesIn(deployment, url)));
  return new Map(urls.map((url, index) => [url.split('/').at(-1)!, counts[index]!]));
}

/**
 * The stored state of some instances when nothing changes any more. The suite's deployment has other instances as well, which are left out,
 * and so are the events without an instance that `parkedBefore` names.
 */
export async function evidenceOf(deployment: Deployment, pids: ReadonlySet<string>, parkedBefore: ReadonlySet<string>): Promise<Evidence> {
  const { dynamodb: client, table, s3, bucket, bucketOwner } = deployment;
  const large = new S3PayloadStore({ client: s3, bucket, owner: bucketOwner, writer: 'orchestrator' });
  const index = new DynamoDbInstanceIndex({ client, table, processes: ['book-trip'] });
  const parking = new DynamoDbParkingStore({ client, table, large });
  return {
    store: new DynamoDbProcessStore({ client, table }),
    payloads: new DynamoDbPayloadStore({ client, table, large }),
    parking: {
      parked: async (pid) => (await parking.parked(pid)).filter(({ id }) => pid !== '' || !parkedBefore.has(id)),
    },
    index: {
      list: (filter) => only(index.list(filter), pids),
      tenants: () => index.tenants(),
      due: async (instant, limit) => (await index.due(instant, limit)).filter(({ pid }) => pids.has(pid)),
    },
    left: await messagesLeft(deployment),
    effects: effectsOf(await readLedger(deployment)).filter(({ commandId }) => pids.has(commandId.slice(0, commandId.indexOf('/')))),
    now: Date.now(),
  };
}

/** The ids of parked events that belong to no instance. */
export async function parkedWithoutInstance({
  dynamodb: client,
  table,
  s3,
  bucket,
  bucketOwner,
}: Deployment): Promise<ReadonlySet<string>> {
  const large = new S3PayloadStore({ client: s3, bucket, owner: bucketOwner, writer: 'orchestrator' });
  const parked = await new DynamoDbParkingStore({ client, table, large }).parked('');
  return new Set(parked.map(({ id }) => id));
}

async function* only<Item extends { readonly pid: string }>(items: AsyncIterable<Item>, pids: ReadonlySet<string>): AsyncGenerator<Item> {
  for await (const item of items) if (pids.has(item.pid)) yield item;
}

/** A foreign system names what it takes back by the answer that it once gave. */
function effectsOf(deeds: readonly Deed[]): readonly Effect[] {
  const byAnswer = new Map(deeds.map((deed) => [deed.answer, deed.key]));
  return deeds.map(({ key, service, what }): Effect => {
    const [verb = '', ...words] = what.split(' ');
    const undone = ['refund', 'cancel'].includes(verb) ? byAnswer.get(words[0] ?? '') : undefined;
    return { commandId: key, command: `${service}.${verb}`, input: words.join(' '), ...(undone !== undefined && { undoes: undone }) };
  });
}
