import { serve } from 'tutti/service';
import { clearing } from '../contracts.ts';
import { house } from './house.ts';

export const handler = serve(clearing, {
  settle: async ({ orderId, day, fills }, task) => {
    if (!house.worksOn(day)) throw task.errors.Holiday({ day });
    for (const fill of fills) house.book(task.commandId, orderId, fill, `settled on ${day}`);
  },
  correct: async ({ orderId, approvedBy, ...fill }, task) => {
    house.book(task.commandId, orderId, fill, `approved by ${approvedBy}`);
  },
});
