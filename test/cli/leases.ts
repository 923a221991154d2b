import * as z from 'zod';
import { command, process, service, system } from 'tutti';
import { serve } from 'tutti/service';

/** A system for command-line tests whose leases have an unknown outcome. */
const Seat = z.object({ seat: z.string() });
const free = command({ input: Seat });

const desk = service('desk', {
  free,
  lease: command({
    input: Seat,
    output: z.object({ number: z.int() }),
    retry: { attempts: 1 },
    undo: { command: free, input: (input) => input },
  }),
});

const leaseSeat = process('lease-seat', { input: Seat }, async (ctx, { seat }) => ctx.call(desk.lease, { seat }));

/** Continues without the lease after two seconds. */
const tryLease = process('try-lease', { input: Seat }, async (ctx, { seat }) => {
  const first = await ctx.race({ lease: ctx.call(desk.lease, { seat }), late: ctx.sleep('2 seconds') });
  return first.winner;
});

export const leases = system('leases', { processes: [leaseSeat, tryLease], services: [desk] });

export const services = [
  serve(desk, {
    free: async () => {},
    lease: () => Promise.reject(new Error('the line broke')),
  }),
];
