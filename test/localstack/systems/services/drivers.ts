import { serve } from 'tutti/service';
import { drivers } from '../../../../examples/ride-sharing/contracts.ts';
import { deed } from './ledger.ts';

/** Two drivers are always near. The ledger has the token of each offer, with which the test answers in the name of the driver. */
export const handler = serve(drivers, {
  near: async ({ except }) => ({ driverIds: ['ada', 'ben'].filter((driverId) => !except.includes(driverId)) }),
  offer: {
    run: async ({ driverId }, task) => {
      await deed({ key: task.commandId, service: 'drivers', what: `offer ${driverId} ${task.token}` });
      return task.defer();
    },
    cancel: async ({ driverId }, task) => {
      await deed({ key: `${task.commandId}/withdrawn`, service: 'drivers', what: `withdraw ${driverId}` });
    },
  },
  release: async ({ driverId }, task) => {
    await deed({ key: task.commandId, service: 'drivers', what: `release ${driverId}` });
  },
  end: async ({ driverId }, task) => {
    await deed({ key: task.commandId, service: 'drivers', what: `end ${driverId}` });
  },
});
