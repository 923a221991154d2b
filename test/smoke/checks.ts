import { awaitStatus, journalOf, pidOf, readHead } from '../localstack/outside/head.ts';
import { readParked } from '../localstack/outside/parked.ts';
import { asciiJson, cart, checkOut, envelope, publish, putOnBus } from '../localstack/outside/publish.ts';
import { acknowledge, messagesIn, publishReply, receiveCommand, replyTo, sendTo } from '../localstack/outside/queue.ts';
import type { Deployment } from '../localstack/outside/deployment.ts';
import { until } from '../localstack/outside/until.ts';
import { operationsOn } from '../../lib/client/operations/operations-on.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import type { ListedParked } from '../../lib/client/operations/operations.ts';
import type { Reach } from '../../lib/client/connection.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { refusedCaches } from './code-cache.ts';
import { denyTable } from './denied-table.ts';
import { publishAs } from './publisher-role.ts';

/** The deployment and clients that a check uses. */
export interface Smoke {
  readonly deployment: Deployment;
  /** The same, as a client of Tutti reaches it. */
  readonly reach: Reach;
  /** Begins the id of each instance, so that a second run meets none of the first. */
  readonly run: string;
  /** The endpoint is LocalStack's: IAM and policies are not evaluated. */
  readonly local: boolean;
  /** The user allows that the table is denied for some minutes. */
  readonly mayDenyTable: boolean;
}

export interface Check {
  readonly title: string;
  /** A process that the deployed system must have. @default none */
  readonly process?: string;
  /** The reason for which the check cannot run here. @default it can */
  readonly skip?: (smoke: Smoke) => string | undefined;
  /** Throws where it fails. */
  readonly run: (smoke: Smoke) => Promise<void>;
}

const SECONDS = 240;
/** The time for which the table is denied: longer than the retries of the SDK, shorter than the age at which a message is parked. */
const DENIED_SECONDS = 300;

const done = (smoke: Smoke, process: string, id: string, status = 'completed'): Promise<unknown> =>
  awaitStatus(smoke.deployment, pidOf(process, id), status, SECONDS);

const parkedWith = (smoke: Smoke, mark: string): Promise<unknown> =>
  until(`a parked event with ${mark}`, async () => (await readParked(smoke.deployment)).find(({ body }) => body.includes(mark)), {
    withinSeconds: SECONDS,
  });

/** The queues of dead letters that drain-dead-letters empties, as their names end. */
const DRAINED = ['inbox', 'starts', 'operations'] as const;

export const CHECKS: readonly Check[] = [
  {
    title: 'an event starts a booking, four services answer, and it completes',
    process: 'book-trip',
    run: async (smoke) => {
      await checkOut(smoke.deployment, `${smoke.run}-booked`);
      await done(smoke, 'book-trip', `${smoke.run}-booked`);
    },
  },
  {
    title: 'a booking whose hotel is full is undone, newest first',
    process: 'book-trip',
    run: async (smoke) => {
      const id = `${smoke.run}-full`;
      await checkOut(smoke.deployment, id, 'Venice');
      await done(smoke, 'book-trip', id, 'failed');
      const journal = await journalOf(smoke.deployment, pidOf('book-trip', id));
      if (journal.indexOf('"flights.cancel"') > journal.indexOf('"payments.refund"'))
        throw new Error(`The payment was refunded before the flight was cancelled:\n${journal}`);
    },
  },
  {
    title: 'a client starts a booking through the queue of starts, and reads its result',
    process: 'book-trip',
    run: async ({ reach, run }) => {
      const acts = operationsOn(reach);
      const id = `${run}-by-client`;
      await acts.start({ process: 'book-trip', id, input: cart(id) as never });
      await acts.result({ process: 'book-trip', id, timeout: `${SECONDS} seconds` as never, orStuck: true });
    },
  },
  {
    title: 'an answer by hand, from a service that no function runs, lets its process go on',
    process: 'crossing',
    run: async (smoke) => {
      const { deployment, run } = smoke;
      const id = `${run}-crossed`;
      await publish(deployment, 'trials.crossing-wanted', { id, from: 'Calais', to: 'Dover' });
      const command = await until('the command for the ferry', () => receiveCommand(deployment, 'ferry', `${pidOf('crossing', id)}/`), {
        withinSeconds: SECONDS,
      });
      await publishReply(deployment, replyTo(command, 'completed', { ticket: 'T-1' }));
      await acknowledge(deployment, 'ferry', command);
      await done(smoke, 'crossing', id);
    },
  },
  {
    title: 'a signal reaches a waiting instance',
    process: 'gate',
    run: async (smoke) => {
      const id = `${smoke.run}-gate`;
      await publish(smoke.deployment, 'trials.gate-reached', { id });
      await done(smoke, 'gate', id, 'running');
      await publish(smoke.deployment, 'trials.gate-opened', { id, by: 'Ada' }, { processid: pidOf('gate', id) });
      await done(smoke, 'gate', id);
    },
  },
  {
    title: 'an operator cancels through the queue of operations',
    process: 'gate',
    run: async (smoke) => {
      const id = `${smoke.run}-cancelled`;
      await publish(smoke.deployment, 'trials.gate-reached', { id });
      await done(smoke, 'gate', id, 'running');
      await operationsOn(smoke.reach).cancel({ process: 'gate', id, reason: 'smoke test' });
      await done(smoke, 'gate', id, 'cancelled');
    },
  },
  {
    title: 'a timer beyond the threshold is fired by the sweep, and not early',
    process: 'nap',
    run: async (smoke) => {
      const id = `${smoke.run}-nap`;
      const asked = Date.now();
      await publish(smoke.deployment, 'trials.nap-wanted', { id });
      await done(smoke, 'nap', id);
      if (Date.now() - asked < 5_000) throw new Error(`A nap of 5 seconds ended after ${Date.now() - asked} ms.`);
    },
  },
  {
    title: 'a process of forty steps goes from one to the next: nothing takes it for a loop',
    process: 'tour',
    run: async (smoke) => {
      const id = `${smoke.run}-tour`;
      await publish(smoke.deployment, 'trials.tour-booked', { id, stops: 40 });
      await done(smoke, 'tour', id);
    },
  },
  {
    title: 'values of more than 100 KB travel through the bucket, both ways',
    process: 'parcel',
    run: async (smoke) => {
      const id = `${smoke.run}-parcel`;
      await publish(smoke.deployment, 'trials.parcel-sent', { id, letters: 150_000 });
      await done(smoke, 'parcel', id);
    },
  },
  {
    title: 'an event whose data its contract refuses is parked, and starts nothing',
    process: 'book-trip',
    run: async (smoke) => {
      const mark = `${smoke.run}-invalid`;
      await publish(smoke.deployment, 'trips.checkout-travel-cart', { cartId: mark, total: 'a lot' });
      await parkedWith(smoke, mark);
      if ((await readHead(smoke.deployment, pidOf('book-trip', mark))) !== undefined) throw new Error(`${mark} has started an instance.`);
    },
  },
  {
    title: 'a parked event is listed, sent back by an operator, and parked again as it is no better',
    process: 'book-trip',
    run: async ({ deployment, reach, run }) => {
      const acts = operationsOn(reach);
      const id = `${run}-redriven`;
      const type = 'trips.checkout-travel-cart';
      await publish(deployment, type, { cartId: id, total: 'a lot' }, { id });
      const listed = async (parkedAfter: number): Promise<ListedParked | undefined> => {
        const { events } = await acts.parked({ reason: 'DATA_INVALID', type, since: parkedAfter, limit: 200 });
        return events.find(({ eventId }) => eventId === id);
      };
      const { key } = await until(`${id} to be listed`, () => listed(Date.now() - 3_600_000), { withinSeconds: SECONDS });
      const { sent } = await acts.redrive({ events: [key] });
      if (sent !== 1) throw new Error(`${sent} events were sent back: expected 1.`);
      await until(`${id} to be parked again`, () => listed(key.parkedAt + 1), { withinSeconds: SECONDS });
    },
  },
  {
    title: 'a dead letter is sent back to the inbox and applied, and the dead-letter queues are empty',
    process: 'book-trip',
    run: async (smoke) => {
      const { deployment, reach, run } = smoke;
      const id = `${run}-dead`;
      // The policies of the inbox deny this sender, so the check puts a start into the dead-letter queue of the starts.
      const sender: MessageSender = {
        send: async (_queue, messages) => {
          for (const { body } of messages) await sendTo(deployment, deployment.queueUrl('starts-dead-letter'), body);
          return messages.map(({ body }) => ({ status: 'sent', messageId: body.slice(0, 1) }));
        },
      };
      await operationsOn({ ...reach, ports: { ...reach.ports, sender } })
        .start({ process: 'book-trip', id, input: cart(id) as never })
        // A client waits half a minute for the engine; a dead letter may take longer.
        .catch((error: unknown) => {
          if (!isOrchestratorError(error) || error.code !== 'UNREACHABLE') throw error;
        });
      await done(smoke, 'book-trip', id);
      for (const queue of DRAINED)
        await until(
          `${queue}-dead-letter to be empty`,
          async () => (await messagesIn(deployment, deployment.queueUrl(`${queue}-dead-letter`))) === 0,
          {
            withinSeconds: SECONDS,
          },
        );
    },
  },
  {
    title: 'a role of grantPublish publishes two types of one owner in one request',
    process: 'gate',
    skip: ({ local }) => (local ? 'LocalStack evaluates no IAM, so it would prove nothing' : undefined),
    run: async (smoke) => {
      const id = `${smoke.run}-two-types`;
      const entries = [
        ['trials.gate-reached', { id }],
        ['trials.nap-wanted', { id }],
      ] as const;
      await publishAs(smoke.deployment, 'publisher', entries);
      await done(smoke, 'gate', id, 'running');
    },
  },
  {
    title: 'a role of grantPublish may not publish in the name of another owner',
    process: 'gate',
    skip: ({ local }) => (local ? 'LocalStack evaluates no IAM' : undefined),
    run: async ({ deployment, run }) => {
      const refused = await publishAs(deployment, 'publisher', [['trips.checkout-travel-cart', cart(`${run}-forged`)]]).then(
        () => false,
        (error: unknown) => error instanceof Error && error.name.startsWith('AccessDenied'),
      );
      if (!refused) throw new Error('The request was not denied: see the statements of grantPublish.');
    },
  },
  {
    title: `the table denies advance-processes for ${DENIED_SECONDS / 60} minutes, nothing is parked, and the booking completes`,
    process: 'book-trip',
    skip: ({ local, mayDenyTable }) =>
      local
        ? 'LocalStack evaluates no policy of a table'
        : mayDenyTable
          ? undefined
          : 'it takes the table away from every instance of this deployment: ask for it by --deny-table',
    run: async (smoke) => {
      const id = `${smoke.run}-denied`;
      await denyTable(smoke.deployment, DENIED_SECONDS, () => checkOut(smoke.deployment, id));
      // A returned message waits for at most 15 minutes.
      await awaitStatus(smoke.deployment, pidOf('book-trip', id), 'completed', 20 * 60);
      const parked = (await readParked(smoke.deployment)).filter(({ body }) => body.includes(id));
      if (parked.length > 0) throw new Error(`The outage has parked ${JSON.stringify(parked)}.`);
    },
  },
  {
    title: 'V8 took the code cache of advance-processes at each start since its deployment, if it has one',
    skip: ({ local }) => (local ? 'LocalStack starts Node with flags of its own' : undefined),
    run: async ({ deployment }) => {
      const [first, ...others] = await refusedCaches(deployment);
      if (first !== undefined) throw new Error(`It was refused ${others.length + 1} times: ${first}`);
    },
  },
  {
    title: 'an event of another source is not delivered',
    process: 'book-trip',
    run: async (smoke) => {
      const [unheard, heard] = [`${smoke.run}-unheard`, `${smoke.run}-behind-it`];
      const type = 'trips.checkout-travel-cart';
      const detail = asciiJson(envelope(type, cart(unheard), { source: 'stranger' }));
      await putOnBus(smoke.deployment, { source: 'stranger', type, detail });
      await checkOut(smoke.deployment, heard);
      await done(smoke, 'book-trip', heard);
      if ((await readHead(smoke.deployment, pidOf('book-trip', unheard))) !== undefined)
        throw new Error(`${unheard} has started an instance.`);
    },
  },
];
