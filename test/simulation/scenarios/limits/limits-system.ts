import { command, event, process, service, system, type CommandLimits, type Rate, type System } from 'tutti';
import { z } from 'zod';

const Question = z.object({ id: z.string(), account: z.string(), way: z.enum(['answers', 'fails-once', 'is-busy-once', 'thinks']) });
export type Question = z.infer<typeof Question>;

export const Asked = event('bureau.asked', Question);

/** The limits of a world. */
export interface DrawnLimits {
  readonly rate?: Rate;
  readonly concurrency?: number;
}

/** A service whose command has limits for each account, and a process that calls it once. */
export const limitsSystem = (limits: DrawnLimits) => {
  const drop = command({ input: Question, timeout: '2 minutes' });
  const withKey: CommandLimits<Question> = { ...limits, key: ({ account }) => account };
  const bureau = service('bureau', {
    look: command({ input: Question, timeout: '2 minutes', limits: withKey, undo: { command: drop, input: (question) => question } }),
    drop,
  });
  const asked = process('asked', { startOn: Asked.byId(({ id }) => id) }, async (ctx, question) => {
    await ctx.call(bureau.look, question);
    return question.id;
  });
  const bureaus: System<'bureaus'> = system('bureaus', { processes: [asked], services: [bureau] });
  return { bureau, bureaus };
};
