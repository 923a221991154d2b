import assert from 'node:assert/strict';
import type { Definition } from '../contract/command.ts';
import { serviceContract, type Service } from '../contract/service.ts';
import { serve, type HandlerOf, type Later } from '../service/serve.ts';
import type { Served } from '../service/served.ts';

/**
 * A service whose handlers the test defines. A command without a handler fails the test, with its name.
 * @example import { scripted } from 'tutti/testing'; const paid = scripted(payments, { charge: async () => ({ paymentId: 'p-1' }) });
 */
export function scripted<N extends string, C extends Readonly<Record<string, Definition>>>(
  service: Service<N, C>,
  handlers: Later<{ readonly [K in keyof C & string]?: HandlerOf<N, C, K, undefined> }>,
): Served<N> {
  const { name, commands } = serviceContract(service);
  const verbs = [...commands.keys()].map((command) => command.slice(name.length + 1));
  const all = Object.fromEntries(
    verbs.map((verb) => [verb, (handlers as Readonly<Record<string, unknown>>)[verb] ?? unscripted(name, verb)]),
  );
  return serve(service, { ...handlers, ...all });
}

function unscripted(service: string, verb: string) {
  return async (input: unknown): Promise<never> => {
    throw new UnscriptedCommand(service, verb, input);
  };
}

/** A command arrived for which the script has no handler. */
export class UnscriptedCommand extends assert.AssertionError {
  readonly command: string;

  constructor(service: string, verb: string, input: unknown) {
    const command = `${service}.${verb}`;
    super({
      message: `${command} was called with ${JSON.stringify(input)}, but its script has no handler: add ${verb} to scripted(${service}, { … }).`,
      operator: 'scripted',
    });
    this.command = command;
  }
}
