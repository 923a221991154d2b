import { definitionParts, type Command, type Definition, type DefinitionParts, type Schemas } from './command.ts';
import { CommandFailed, ContractError, isCommandExhausted, isCommandFailed } from './errors.ts';
import { eventContract, isEvent } from './event.ts';
import type { CommandContract, ServiceContract } from './runtime-contract.ts';
import { parse, type Schema } from './schema.ts';

/** A named group of commands. A service has one queue and can be written in any language. */
export type Service<N extends string, C extends Readonly<Record<string, Definition>>> = {
  readonly [K in keyof C & string]: Command<`${N}.${K}`, C[K]['~']>;
} & { readonly '~': { readonly name: N; readonly commands: C } };

/** A service with any commands. */
export interface AnyService {
  readonly '~': { readonly name: string; readonly commands: Readonly<Record<string, Definition>> };
}

interface ServiceParts {
  readonly name: string;
  readonly commands: Readonly<Record<string, Definition>>;
  readonly contract: ServiceContract;
}

const SERVICES = new WeakMap<CommandContract, ServiceContract>();

/**
 * Defines a service and names its commands `service.verb`. Throws `UNDO_ELSEWHERE` if an undo is not one of these commands.
 * @example import { service } from 'tutti'; export const payments = service('payments', { charge, refund });
 */
export function service<const N extends string, C extends Readonly<Record<string, Definition>>>(name: N, commands: C): Service<N, C> {
  const verbs = new Map<Definition, string>();
  for (const [verb, definition] of Object.entries(commands)) if (!verbs.has(definition)) verbs.set(definition, verb);
  const contracts = Object.entries(commands).map(([verb, definition]): [string, CommandContract] => [
    verb,
    contractOf(name, verb, definitionParts(definition), verbs),
  ]);
  const contract: ServiceContract = Object.freeze({ name, commands: new Map(contracts.map(([, command]) => [command.name, command])) });
  for (const command of contract.commands.values()) SERVICES.set(command, contract);
  const parts: ServiceParts = Object.freeze({ name, commands: Object.freeze({ ...commands }), contract });
  const members = contracts.map(([verb, command]) => [verb, commandOf(command)]);
  return Object.freeze({ ...Object.fromEntries(members), '~': parts }) as Service<N, C>;
}

function contractOf(service: string, verb: string, parts: DefinitionParts, verbs: ReadonlyMap<Definition, string>): CommandContract {
  const { about, undo, heartbeatMs, limits, output } = parts;
  const name = `${service}.${verb}`;
  return Object.freeze({
    name,
    service,
    ...(about === undefined ? {} : { about }),
    input: parts.input,
    output,
    ...(isEvent(output) ? { outputEvent: eventContract(output).type } : {}),
    errors: parts.errors,
    ...(undo === undefined ? {} : { undo: Object.freeze({ command: undoName(service, name, undo.command, verbs), input: undo.input }) }),
    onUnknown: parts.onUnknown,
    timeoutMs: parts.timeoutMs,
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    retry: parts.retry,
    ...(limits === undefined ? {} : { limits }),
  });
}

function undoName(service: string, command: string, undo: Definition, verbs: ReadonlyMap<Definition, string>): string {
  const verb = verbs.get(undo);
  if (verb !== undefined) return `${service}.${verb}`;
  const listed = [...verbs.values()].join(', ');
  throw new ContractError(
    'UNDO_ELSEWHERE',
    `The undo of ${command} is not a command of the service ${service}: expected one of ${listed}.`,
    {
      details: { service, command, listed: [...verbs.values()] },
    },
  );
}

function commandOf(contract: CommandContract): Command<string, never> {
  const { name, errors } = contract;
  return Object.freeze({
    name,
    '~': contract,
    errors: throwers(
      errors,
      (type, data, message) => new CommandFailed({ command: name, type, data, ...(message === undefined ? {} : { message }) }),
      name,
    ),
    exhausted: (value: unknown) => isCommandExhausted(value) && value.command === name,
    failed: (value: unknown) => isCommandFailed(value) && value.command === name && Object.hasOwn(errors, value.type),
  }) as unknown as Command<string, never>;
}

/** One function per declared error, which parses its data and creates the error. `owner` is the command or process that declares them. */
export function throwers<F>(
  errors: Schemas,
  make: (type: string, data: ReturnType<typeof parse>, message: string | undefined) => F,
  owner: string,
): Readonly<Record<string, (data: unknown, message?: string) => F>> {
  const makers = Object.entries(errors).map(([type, schema]: [string, Schema]) => [
    type,
    (data: unknown, message?: string) => make(type, parse(schema, data, `${owner} failed with ${type}, with`), message),
  ]);
  return Object.freeze(Object.fromEntries(makers) as Record<string, (data: unknown, message?: string) => F>);
}

/** The service that a command belongs to. */
export function serviceOfCommand(command: CommandContract): ServiceContract {
  return SERVICES.get(command) as ServiceContract;
}

/** The run-time contract behind `'~'` of a service. */
export function serviceContract(service: AnyService): ServiceContract {
  return (service['~'] as ServiceParts).contract;
}
