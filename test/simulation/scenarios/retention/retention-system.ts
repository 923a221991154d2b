import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';

/** `whose`: the tenant, by which the judge sees a value that crossed to another tenant. */
const Letting = z.object({ id: z.string(), whose: z.string(), letter: z.string() });
const Note = z.object({ id: z.string(), text: z.string() });

export const Let = event('houses.let', Letting);
export const Knock = event('houses.knock', Note);

export const office = service('office', {
  register: command({ input: Letting, timeout: '30 days' }),
  /** Its answer comes weeks later, when no run waits for it and its instance may be retired. */
  survey: command({ input: Letting, timeout: '60 days' }),
});

const house = process(
  'house',
  { startOn: Let.byId(({ id }) => id), receives: [Knock.byId(({ id }) => id)], onClosed: 'restart' },
  async (ctx, letting) => {
    ctx.send(office.survey, letting);
    await ctx.call(office.register, letting);
    await ctx.waitFor(Knock, { timeout: '10 minutes' });
    return letting.letter;
  },
);

export const houses = system('houses', { processes: [house], services: [office] });
