import { command, event, process, service, system, type Duration } from 'tutti';
import { z } from 'zod';

/** How a call fails while the provider is down. `breaks`: it throws after its effect. `hangs`: it takes longer than a run may. */
export const WAYS = ['throws', 'breaks', 'not-done', 'retry-after', 'hangs'] as const;
export type Way = (typeof WAYS)[number];

/** `third` has no undo. `second` continues after an unknown outcome. */
export const VERBS = ['first', 'second', 'third'] as const;
export type Verb = (typeof VERBS)[number];

/** The retry policy of one command. An omitted field has its default. */
export interface Terms {
  readonly timeout: Duration;
  readonly within?: Duration;
  readonly attempts?: number;
  readonly first?: Duration;
  readonly factor?: number;
  readonly most?: Duration;
}

const Errand = z.object({
  label: z.string(),
  verb: z.enum(VERBS),
  way: z.enum(WAYS),
  /** If it is positive, the errand races against a timer. */
  raceSeconds: z.int(),
  /** The call has `undo: false`. */
  stands: z.boolean(),
  /** The process catches its exhaustion and runs the next errand. */
  caught: z.boolean(),
});
export type Errand = z.infer<typeof Errand>;
const Trip = z.object({ id: z.string(), errands: z.array(Errand), fails: z.boolean() });
const Done = z.object({ label: z.string() });

export const Sent = event('outages.sent', Trip);

const policy = ({ timeout, ...retry }: Terms) => ({ timeout, retry });

const providerOf = (terms: Readonly<Record<Verb | 'back', Terms>>) => {
  const back = command({ input: Done, errors: { Refused: Done }, ...policy(terms.back) });
  const parts = { input: Errand, output: Done, errors: { Refused: Done } };
  const undo = { command: back, input: (_errand: Errand, done: z.infer<typeof Done>) => done };
  return service('provider', {
    first: command({ ...parts, undo, ...policy(terms.first) }),
    second: command({ ...parts, undo, onUnknown: 'continue', ...policy(terms.second) }),
    third: command({ ...parts, ...policy(terms.third) }),
    back,
  });
};
export type Provider = ReturnType<typeof providerOf>;

/** The outcome of one errand as the process sees it. */
export type Said = 'ok' | 'late' | `exhausted:${string}:${number}`;

const errandsOf = (provider: Provider) =>
  process('errands', { startOn: Sent.byId(({ id }) => id), errors: { Given: z.object({}) } }, async (ctx, { errands, fails }) => {
    const said: Said[] = [];
    for (const errand of errands) {
      const { verb, stands, raceSeconds, caught } = errand;
      // All verbs have the same input and output.
      const done = ctx.call(provider[verb] as Provider['third'], errand, stands ? { undo: false } : {});
      try {
        if (raceSeconds === 0) await done;
        const won = raceSeconds === 0 ? { winner: 'done' } : await ctx.race({ done, late: ctx.sleep(`${raceSeconds} seconds`) });
        said.push(won.winner === 'done' ? 'ok' : 'late');
      } catch (error) {
        const { code, outcome, attempts } = error as { code: string; outcome: string; attempts: number };
        if (code !== 'COMMAND_EXHAUSTED' || !caught) throw error;
        said.push(`exhausted:${outcome}:${attempts}`);
      }
    }
    if (fails) throw ctx.errors.Given({});
    return { said };
  });

/** A system whose one service has these policies. */
export const outageSystem = (terms: Readonly<Record<Verb | 'back', Terms>>) => {
  const provider = providerOf(terms);
  return { provider, system: system('outages', { processes: [errandsOf(provider)], services: [provider] }) };
};
