import { isCommandFailed } from '../../contract/errors.ts';
import type { Instrumentation, ObservedAttempt } from '../../contract/instrumentation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ServedCommand } from '../served.ts';
import { isDeferred } from '../task.ts';

/** The same commands, whose runs call the hook `attempt` when they end. */
export function observedCommands(
  commands: ReadonlyMap<string, ServedCommand>,
  hooks: Instrumentation,
  clock: Clock,
): ReadonlyMap<string, ServedCommand> {
  if (!hooks.attempt) return commands;
  const observed = ([name, served]: [string, ServedCommand]): [string, ServedCommand] => [
    name,
    {
      ...served,
      run: async (input, task, prepared) => {
        const { commandId } = task as { readonly commandId: string };
        const startedAt = clock.now();
        const end = (outcome: ObservedAttempt['outcome'], error?: unknown): void =>
          hooks.attempt?.({ commandId, command: name, startedAt, at: clock.now(), outcome, ...(error !== undefined && { error }) });
        try {
          const output = await served.run(input, task, prepared);
          end(isDeferred(output) ? 'deferred' : 'completed');
          return output;
        } catch (error) {
          const isDeclared = isCommandFailed(error) && error.command === name && Object.hasOwn(served.contract.errors, error.type);
          end(isDeclared ? 'failed' : 'threw', error);
          throw error;
        }
      },
    },
  ];
  return new Map(Array.from(commands, observed));
}
