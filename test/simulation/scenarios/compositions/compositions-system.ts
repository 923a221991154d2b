import { command, event, process, service, system } from 'tutti';
import { z } from 'zod';
import type { Context } from '../../../../lib/process/context.ts';
import type { Part, Play, PlayStep } from './play.ts';

const Made = z.object({ id: z.string(), label: z.string() });
const unmake = command({ input: Made, timeout: '30 days' });
export const stage = service('stage', {
  unmake,
  make: command({
    input: Made.extend({ does: z.enum(['ok', 'refuse', 'slow']) }),
    errors: { Refused: z.object({ label: z.string() }) },
    undo: { command: unmake, input: ({ id, label }) => ({ id, label }) },
    timeout: '30 days',
  }),
  tell: command({ input: Made, timeout: '30 days' }),
});

const Input = z.object({ id: z.string(), leg: z.int(), kept: z.array(z.string()), legs: z.json() });
const Begun = event('plays.begun', Input);
const Go = event('plays.go', z.object({ id: z.string() }));
const Asked = event('plays.asked', z.object({ id: z.string() }), { answer: z.object({ label: z.string() }) });
const Moved = event('floor.moved', z.object({ key: z.string(), move: z.string() }));

type Ctx = Context<{
  start: { id: string; leg: number; kept: string[]; legs: z.core.util.JSONType };
  byId: 'plays.go' | 'plays.asked';
  byKey: 'floor.moved';
  publishes: never;
  errors: { Broken: { id: string } };
  view: never;
}>;

/** The makes that stand after these steps, if nothing undoes them. */
type Perform = (ctx: Ctx, play: Play) => Promise<readonly string[]>;

/** Begins the child of a step. */
type Begins = (ctx: Ctx, id: string, play: Play) => ReturnType<Ctx['child']>;

const performing = (id: string, begins: Begins): Perform => {
  const perform: Perform = async (ctx, play) => {
    const kept: string[] = [];
    for (const step of play) kept.push(...(await performed(ctx, step)));
    return kept;
  };
  const inOrder = (all: readonly (readonly string[])[]): readonly string[] => all.flat();
  const branch = (ctx: Ctx, body: Play) => ctx.scope('branch', async (inner) => perform(inner, body));
  const performed = async (ctx: Ctx, step: PlayStep): Promise<readonly string[]> => {
    switch (step.kind) {
      case 'make':
        await ctx.call(stage.make, { id, label: step.label, does: step.does });
        return [step.label];
      case 'tell':
        ctx.send(stage.tell, { id, label: step.label });
        return [];
      case 'sleep':
        await ctx.sleep(`${step.seconds} seconds`);
        return [];
      case 'wait':
        if (step.key === undefined) await ctx.waitFor(Go, { timeout: `${step.seconds} seconds` });
        else await ctx.waitFor(Moved, { key: step.key, timeout: `${step.seconds} seconds` });
        return [];
      case 'answer':
        if (await ctx.waitFor(Asked, { timeout: `${step.seconds} seconds` })) ctx.answer(Asked, { label: id });
        return [];
      case 'scope':
        return ctx.scope(step.name, async (inner) => perform(inner, step.body), { shielded: step.shielded });
      case 'race': {
        const branches = step.branches.map((body, i) => [`b${i}`, branch(ctx, body)] as const);
        return (await ctx.any(Object.fromEntries(branches))).value;
      }
      case 'all':
        return inOrder(await Promise.all(step.branches.map((body) => branch(ctx, body))));
      case 'map': {
        const { items, atOnce, tolerate } = step;
        if (tolerate === undefined) return inOrder(await ctx.map(items, (inner, item) => perform(inner, item), { atOnce }));
        const outcomes = await ctx.map(items, (inner, item) => perform(inner, item), { atOnce, tolerate });
        return inOrder(outcomes.map((each) => (each.ok ? each.value : [])));
      }
      case 'child': {
        const child = begins(ctx, step.id, step.play);
        if (step.detached) ctx.detach(child);
        else await child;
        return [];
      }
      case 'catch':
        try {
          return await ctx.scope('caught', async (inner) => perform(inner, step.body));
        } catch (error) {
          if (/^(COMMAND|PROCESS)_FAILED$/.test((error as { readonly code: string }).code)) return [];
          throw error;
        }
      case 'patched':
        if (!ctx.patched(step.change)) return [];
        await ctx.call(stage.make, { id, label: step.label, does: 'ok' });
        return [step.label];
      case 'fail':
        throw ctx.errors.Broken({ id });
    }
  };
  return perform;
};

const options = {
  startOn: Begun.byId(({ id }) => id),
  receives: [Go.byId(({ id }) => id), Asked.byId(({ id }) => id), Moved.byKey(({ key }) => key)],
  errors: { Broken: z.object({ id: z.string() }) },
};

const part = process('part', { input: Input, receives: options.receives, errors: options.errors }, async (ctx, input) =>
  played(ctx as Ctx, input as Part, () => {
    throw new Error('A part has no parts.');
  }),
);

const play = process('play', options, async (ctx, input) =>
  played(ctx as Ctx, input as Part, (inner, id, legs) => inner.child(part, { id, leg: 1, kept: [], legs: [legs] as never }, { id })),
);

/** Plays one leg, and continues as new with the next. */
const played = async (ctx: Ctx, { id, leg, kept, legs }: Part, begins: Begins): Promise<{ readonly kept: readonly string[] }> => {
  const [first = [], ...rest] = legs;
  const all = [...kept, ...(await performing(id, begins)(ctx, first))];
  if (rest.length > 0) return ctx.continueAsNew({ id, leg: leg + 1, kept: all, legs: rest });
  return { kept: all };
};

const theatre = system('plays', { processes: [play, part], services: [stage] });

/** A deploy replaces the workers, and changes no code. */
export const theatres = [theatre, theatre] as const;
