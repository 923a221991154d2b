import { command, event, service } from 'tutti';
import { z } from 'zod';
import { SERVICE_NAMES } from './program.ts';
import type { ServiceName } from './program.ts';

const Behaviour = z.discriminatedUnion('is', [
  z.object({ is: z.literal('ok') }),
  z.object({ is: z.literal('refuse') }),
  z.object({ is: z.literal('stumble'), times: z.int(), after: z.boolean() }),
  z.object({ is: z.literal('slow'), seconds: z.int() }),
  z.object({ is: z.literal('busy'), seconds: z.int() }),
  z.object({ is: z.literal('defer'), seconds: z.int(), early: z.boolean(), refuses: z.boolean() }),
  z.object({ is: z.literal('forget') }),
  z.object({ is: z.literal('not-done'), times: z.int() }),
]);

const Task = z.object({ label: z.string(), does: Behaviour, stubborn: z.int(), note: z.string() });
const Done = z.object({ label: z.string(), by: z.string() });

const commands = () => {
  const unact = command({ input: Done.extend({ stubborn: z.int() }), timeout: '3 minutes' });
  const errors = { Refused: z.object({ label: z.string() }) };
  const undoable = (onUnknown: 'stuck' | 'continue' = 'stuck') =>
    command({
      onUnknown,
      input: Task,
      output: Done,
      errors,
      timeout: '3 minutes',
      undo: { command: unact, input: ({ stubborn }, done) => ({ label: done.label, by: done.by, stubborn }) },
    });
  return {
    act: undoable(),
    ask: undoable(),
    dare: undoable('continue'),
    unact,
    tell: command({ input: Task, output: Done, errors, timeout: '3 minutes' }),
  };
};

export const stock = service('stock', commands());
export const bank = service('bank', commands());
export const press = service('press', commands());
export const services = [stock, bank, press] as const;

const byName = { stock, bank, press } satisfies Record<ServiceName, unknown>;
export const serviceOf = (name: ServiceName): typeof stock => byName[name] as typeof stock;
export const isServiceName = (name: string): name is ServiceName => SERVICE_NAMES.some((each) => each === name);

export const Started = event('programs.started', z.object({ id: z.string(), program: z.json(), note: z.string() }));
const signal = z.object({ id: z.string(), text: z.string() });
export const Go = event('programs.go', signal);
export const Stop = event('programs.stop', signal);
export const Nudge = event('programs.nudge', signal);
export const Said = event('programs.said', z.object({ label: z.string(), note: z.string() }));
export const Counted = event('programs.counted', z.object({ id: z.string(), text: z.string() }));
