import { calendarContract } from '../../contracts/calendar.contract.ts';
import { clockContract } from '../../contracts/clock.contract.ts';
import { erasureStoreContract } from '../../contracts/erasure-store.contract.ts';
import { eventPublisherContract } from '../../contracts/event-publisher.contract.ts';
import { instanceIndexContract } from '../../contracts/instance-index.contract.ts';
import { messageQueueContract } from '../../contracts/message-queue.contract.ts';
import { parkingStoreContract } from '../../contracts/parking-store.contract.ts';
import { payloadStoreContract } from '../../contracts/payload-store.contract.ts';
import { processStoreContract } from '../../contracts/process-store.contract.ts';
import { replyKeysContract } from '../../contracts/reply-keys.contract.ts';
import { retirementStoreContract } from '../../contracts/retirement-store.contract.ts';
import { VirtualClock } from '../../../lib/adapters/memory/virtual-clock.ts';
import { MemoryParkingStore } from '../../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { MemoryProcessStore } from '../../../lib/adapters/memory/process-store.ts';
import { MemoryReplyKeys } from '../../../lib/adapters/memory/reply-keys.ts';
import { SystemCalendar } from '../../../lib/adapters/system/calendar.ts';
import { SystemClock } from '../../../lib/adapters/system/clock.ts';
import { busOf, opens, queuesOf } from '../opened-states.ts';

processStoreContract('memory', () => new MemoryProcessStore());
parkingStoreContract('memory', () => new MemoryParkingStore());
payloadStoreContract('memory', () => new MemoryPayloadStore());
replyKeysContract('memory', () => new MemoryReplyKeys());
messageQueueContract('memory', () => queuesOf(opens()));
eventPublisherContract('memory', () => busOf(opens()));
instanceIndexContract('memory', () => {
  const { processStore, instanceIndex } = opens();
  return { store: processStore, index: instanceIndex, settle: async () => {} };
});
retirementStoreContract('memory', () => {
  const { processStore, instanceIndex, retirementStore } = opens();
  return { store: processStore, index: instanceIndex, retirement: retirementStore, settle: async () => {} };
});
erasureStoreContract('memory', () => {
  const { processStore, payloadStore, parkingStore, erasureStore } = opens();
  return { store: processStore, payloads: payloadStore, parking: parkingStore, erasure: erasureStore };
});
clockContract('virtual', () => {
  const clock = new VirtualClock(5);
  return { clock, pass: async (milliseconds) => clock.advance(milliseconds) };
});
clockContract('system', () => {
  const clock = new SystemClock();
  return { clock, pass: (milliseconds) => clock.sleep(milliseconds) };
});
calendarContract('system', new SystemCalendar());
