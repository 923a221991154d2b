import { serve } from 'tutti/service';
import { backOffice } from '../contracts.ts';
import { desk } from './desk.ts';

export const handler = serve(backOffice, {
  approve: {
    run: async (report, task) => {
      desk.add(report, task.token);
      return task.defer();
    },
    cancel: async (report) => desk.remove(report),
  },
});
