import { createHash } from 'node:crypto';
import { openState, type StateOptions } from '../../../lib/local/state.ts';
import { payloadOf } from './written-payload.ts';

// A process for kill.test.ts: it sends and receives without end, and prints each number when it is durable.
const system = { name: 'trips', services: new Map(), processes: new Map() } as unknown as StateOptions['system'];
const state = openState({ system, directory: process.argv[2] as string, checkpointLength: 20_000 });

for (let number = 1; ; number += 1) {
  await state.sender.send('inbox', [{ body: String(number) }]);
  await state.payloadStore.put('p', createHash('sha256').update(payloadOf(number)).digest('hex'), payloadOf(number));
  await state.durable();
  process.stdout.write(`${number}\n`);
}
