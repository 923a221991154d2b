import * as z from 'zod';
import { decider, end, event, send, timer } from 'tutti';
import { carrier } from './contracts.ts';

export const Measured = event('sensors.measured', z.object({ box: z.string(), celsius: z.number() }));
export const Arrived = event('sensors.arrived', z.object({ box: z.string() }));

// region decider
const silence = timer('silence');
const State = z.object({ warm: z.int(), status: z.enum(['fine', 'replacing', 'lost']) });

export const coldChain = decider('cold-chain', { state: State, initial: () => ({ warm: 0, status: 'fine' }) })
  .on(
    Measured.byId(({ box }) => box),
    (state, { celsius }, { id }) => {
      const warm = celsius > 8 ? state.warm + 1 : 0;
      if (warm < 3 || state.status !== 'fine') return [{ ...state, warm }, silence.in('30 minutes')];
      return [{ warm, status: 'replacing' }, silence.clear(), send(carrier.quote, { kg: id.length })];
    },
  )
  .on(silence, (state) => ({ ...state, status: 'lost' }))
  .on(carrier.quote, (state, reply) => ({ ...state, status: carrier.quote.exhausted(reply) ? 'lost' : 'fine' }))
  .on(
    Arrived.byId(({ box }) => box),
    (state) => [state, end({ warm: state.warm })],
  );
// endregion
