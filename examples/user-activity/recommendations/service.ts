import { serve } from 'tutti/service';
import { recommendations } from '../contracts.ts';
import { related } from './catalogue.ts';

export const handler = serve(recommendations, {
  compute: async ({ seen, cart }, task) => {
    if (seen.length === 0) throw task.errors.TooNew({});
    return { items: [...related(seen, cart)] };
  },
});
