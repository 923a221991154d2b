import { decider, end, send, timer } from 'tutti';
import { z } from 'zod';
import { Counted, stock } from './contracts.ts';

const settle = timer('settle');
const close = timer('close');

/** Long enough that no event comes after the close. Events are in flight for minutes, and an outage lasts for hours. */
export const TALLY_IDLE = '20 days';

/** Counts its events, and sends a command at most once in 30 seconds. */
export const tally = decider('tally', {
  state: z.object({ heard: z.array(z.string()), told: z.int(), sent: z.int() }),
  initial: () => ({ heard: [], told: 0, sent: 0 }),
})
  .on(
    Counted.byId((counted) => counted.id),
    (state, { text }) => [{ ...state, heard: [...state.heard, text] }, settle.within('30 seconds'), close.in(TALLY_IDLE)],
  )
  .on(settle, (state) => [
    { ...state, sent: state.sent + 1 },
    send(stock.tell, { label: `tell-${state.sent + 1}`, does: { is: 'ok' }, stubborn: 0, note: '' }),
  ])
  .on(stock.tell, (state, answer) => (stock.tell.failed(answer) ? state : { ...state, told: state.told + 1 }))
  .on(close, (state) => [state, end({ heard: state.heard.toSorted(), told: state.told, sent: state.sent })]);
