import { ACCOUNT } from '../synthesized.ts';
import { shop } from './shop.ts';

type Case = readonly [what: string, entry: Readonly<Record<string, string>>, account: string];

const HASH = '0'.repeat(64);

/** Events of the bus that address no existing instance or have a forbidden sender. Each is parked, beside an instance or apart. */
export function parkedApart(): readonly Case[] {
  const envelope = {
    specversion: '1.0',
    id: 'e-1',
    source: 'web',
    type: 'web.order-placed',
    time: '2027-01-04T00:00:00.000Z',
    datacontenttype: 'application/json',
    hops: 0,
  };
  const reply = {
    ...envelope,
    source: 'stock',
    type: 'stock.take.completed',
    replyto: shop.name,
    commandid: 'default#order#never/r000000000000/1',
    commandhash: `sha256:${HASH}`,
    attempt: 1,
    outcome: 'completed',
    data: { shelf: '', text: '' },
  };
  const apart = (detail: object, type = 'web.order-placed', source = 'web'): Record<string, string> => ({
    Source: source,
    DetailType: type,
    Detail: JSON.stringify(detail),
    EventBusName: shop.name,
  });
  return [
    ['no envelope, and no data of the contract', apart({ wrong: 'shape' }), ACCOUNT],
    ['an envelope that is not one', apart({ specversion: '1.0' }), ACCOUNT],
    ['data that the contract refuses', apart({ ...envelope, data: { orderId: 7 } }), ACCOUNT],
    ["an event in another's name", apart({ ...envelope, source: 'desk', data: { orderId: 'p-1', text: '' } }), ACCOUNT],
    [
      'data that is not in the bucket',
      apart({
        ...envelope,
        dataref: `s3://shop-payloads-${ACCOUNT}-eu-west-1/_clients/web.order-placed/${HASH}`,
        datahash: `sha256:${HASH}`,
      }),
      ACCOUNT,
    ],
    ['an answer to a command that was never sent', apart(reply, 'stock.take.completed', 'stock'), ACCOUNT],
    ['an answer of a source that is no service of its command', apart({ ...reply, source: 'web' }, 'stock.take.completed', 'web'), ACCOUNT],
    [
      'an answer whose data is not in the bucket',
      apart(
        {
          ...reply,
          data: undefined,
          dataref: `s3://shop-payloads-${ACCOUNT}-eu-west-1/stock/default%23order%23never/${HASH}`,
          datahash: `sha256:${HASH}`,
        },
        'stock.take.completed',
        'stock',
      ),
      ACCOUNT,
    ],
    [
      'an event for an instance that has ended',
      apart(
        { ...envelope, source: 'desk', type: 'desk.note-added', processid: 'default#order#o-4', data: { orderId: 'o-4', text: '' } },
        'desk.note-added',
        'desk',
      ),
      ACCOUNT,
    ],
    ['a large event that is parked', apart({ wrong: randomText(600_000) }), ACCOUNT],
  ];
}

/** Text that no compression makes small: its parked body lies in the bucket. */
function randomText(length: number): string {
  let state = 1;
  const letter = (): string => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (state % 90)).replace(/["\\]/, '!');
  };
  return Array.from({ length }, letter).join('');
}
