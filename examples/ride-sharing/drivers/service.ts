import { serve } from 'tutti/service';
import { drivers } from '../contracts.ts';
import { driverApp } from './driver-app.ts';

export const handler = serve(drivers, {
  near: async ({ place, kilometres, except }) => ({
    driverIds: driverApp.near(place, kilometres).filter((driverId) => !except.includes(driverId)),
  }),
  offer: {
    run: async (offer, task) => {
      driverApp.show({ ...offer, token: task.token });
      return task.defer();
    },
    cancel: async ({ rideId, driverId }) => {
      driverApp.withdraw(rideId, driverId);
    },
  },
  release: async ({ rideId, driverId }) => {
    driverApp.release(rideId, driverId);
  },
  end: async ({ rideId, driverId }) => {
    driverApp.end(rideId, driverId);
  },
});
