import type { Definition, Throws } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { ContractError, OrchestratorError } from '../contract/errors.ts';
import type { CommandContract, ServiceContract } from '../contract/runtime-contract.ts';
import type { Received, Sent } from '../contract/schema.ts';
import { serviceContract, type AnyService, type Service } from '../contract/service.ts';
import { versionOf } from '../contract/versions.ts';
import type { Effect } from './command-record.ts';
import { storeRecords, type Store, type TransactionalRecords } from './store.ts';
import type { Deferred, Task } from './task.ts';

/** What a command's handler does: answers with the output, throws a declared error, or defers with `task.defer()`. */
export type Run<I, O, T> = (input: I, task: T) => Promise<O | Deferred>;

/** A function, or one with its effect class and what takes a deferred command off the worklist. */
export type Handler<I, O, T> =
  | Run<I, O, T>
  | {
      readonly run: Run<I, O, T>;
      /** @default 'key': the handler passes `task.commandId` to the foreign system */
      readonly effect?: 'key' | 'transaction' | 'once';
      readonly cancel?: (input: I, task: T) => Promise<void>;
    };

/** How a service runs. */
export interface ServeOptions<Tx> {
  /** Where commands are recorded. @default the folder, or the memory, of the local runtime that runs the service */
  readonly store?: Store<Tx>;
  /** How many commands run at the same time. @default 10 */
  readonly slots?: number;
  /** How long running handlers may take to end at shutdown. @default '110 seconds' */
  readonly grace?: Duration;
}

/** A service that can run, in the local runtime. Called as a Lambda handler, or with `poll`, it throws `UNSUPPORTED`: there is no SQS adapter yet. */
export interface Served<N extends string = string> {
  (batch: unknown, context: unknown): Promise<unknown>;
  readonly '~service': N;
  poll(options: { readonly queueUrl: string; readonly signal?: AbortSignal }): Promise<void>;
}

type AnyRun = (input: unknown, task: unknown) => Promise<unknown>;

/** A handler with all that the consumer needs on the hot path, looked up once. */
export interface ServedCommand {
  readonly contract: CommandContract;
  readonly effect: Effect;
  readonly run: AnyRun;
  readonly cancel?: (input: unknown, task: unknown) => Promise<void>;
  readonly errors: unknown;
  readonly inputWhat: string;
  readonly outputWhat: string;
  readonly outputVersion: number;
  readonly completedType: string;
}

/** What a served service holds at run time. */
export interface ServedParts {
  readonly contract: ServiceContract;
  /** By full name. */
  readonly commands: ReadonlyMap<string, ServedCommand>;
  readonly records?: TransactionalRecords;
  readonly slots: number;
  readonly graceMs: number;
}

const SLOTS_MAX = 10_000;

/**
 * Binds handlers to the commands of a service.
 * @example import { serve } from 'tutti/service'; export const handler = serve(payments, { charge: async (input, task) => … });
 */
export function serve<N extends string, C extends Readonly<Record<string, Definition>>, Tx = undefined>(
  service: Service<N, C>,
  handlers: {
    readonly [K in keyof C & string]: Handler<
      Received<C[K]['~']['input']>,
      Sent<C[K]['~']['output']>,
      Task<Throws<`${N}.${K}`, C[K]['~']['errors']>, Tx>
    >;
  },
  options: ServeOptions<Tx> = {},
): Served<N> {
  const contract = serviceContract(service);
  const records = options.store === undefined ? undefined : storeRecords(options.store);
  const slots = options.slots ?? 10;
  if (!Number.isInteger(slots) || slots < 1 || slots > SLOTS_MAX) {
    throw new ContractError(
      'CONTRACT_INVALID',
      `${contract.name} was served with slots ${slots}: expected a whole number from 1 to ${SLOTS_MAX}.`,
    );
  }
  const parts: ServedParts = Object.freeze({
    contract,
    commands: servedCommands(service as AnyService, contract, handlers as Readonly<Record<string, unknown>>, records !== undefined),
    ...(records === undefined ? {} : { records }),
    slots,
    graceMs: milliseconds(options.grace ?? '110 seconds'),
  });
  const lambda = async (): Promise<never> => {
    throw notYet(contract.name, 'as a Lambda handler');
  };
  const poll = async (): Promise<never> => {
    throw notYet(contract.name, 'from an SQS queue with poll()');
  };
  return Object.freeze(Object.assign(lambda, { '~service': contract.name as N, '~': parts, poll }));
}

/** What a served service holds at run time. */
export function servedParts(served: Served): ServedParts {
  return (served as unknown as { readonly '~': ServedParts })['~'];
}

function notYet(service: string, how: string): OrchestratorError {
  return new OrchestratorError(
    'UNSUPPORTED',
    `${service} was run ${how}: this version has no SQS adapter, it runs services in the local runtime only.`,
    {
      retryable: false,
      remedy: "Run the service with startLocal of 'tutti/local'.",
    },
  );
}

function servedCommands(
  service: AnyService,
  contract: ServiceContract,
  handlers: Readonly<Record<string, unknown>>,
  transactional: boolean,
): ReadonlyMap<string, ServedCommand> {
  const commands = new Map<string, ServedCommand>();
  for (const command of contract.commands.values()) {
    const verb = command.name.slice(contract.name.length + 1);
    const handler = Object.hasOwn(handlers, verb) ? handlers[verb] : undefined;
    commands.set(command.name, servedCommand(service, command, verb, handler, transactional));
  }
  for (const verb of Object.keys(handlers)) {
    if (commands.has(`${contract.name}.${verb}`)) continue;
    throw invalid(
      `${contract.name} was served with a handler ${verb}: expected handlers of ${[...contract.commands.keys()].join(', ')} only`,
    );
  }
  return commands;
}

const EFFECTS: readonly unknown[] = ['key', 'transaction', 'once'];

function servedCommand(
  service: AnyService,
  contract: CommandContract,
  verb: string,
  handler: unknown,
  transactional: boolean,
): ServedCommand {
  const { run, effect = 'key', cancel } = handlerParts(handler);
  const { name } = contract;
  if (typeof run !== 'function')
    throw invalid(`${name} was served with ${typeof run} as its handler: expected a function, or an object with run`);
  if (!EFFECTS.includes(effect)) throw invalid(`${name} was served with effect ${effect}: expected 'key', 'transaction' or 'once'`);
  if (effect === 'transaction' && !transactional) {
    throw invalid(
      `${name} was served with effect 'transaction' and no store that has transactions: expected a store such as sqlStore({ transaction })`,
    );
  }
  const members = service as unknown as Readonly<Record<string, { readonly errors: unknown }>>;
  return Object.freeze({
    contract,
    effect,
    run: run as AnyRun,
    ...(cancel === undefined ? {} : { cancel: cancel as NonNullable<ServedCommand['cancel']> }),
    errors: members[verb]?.errors,
    inputWhat: `${name} was called with`,
    outputWhat: `${name} answered with`,
    outputVersion: versionOf(contract.output),
    completedType: contract.outputEvent ?? `${name}.completed`,
  });
}

interface HandlerParts {
  readonly run?: unknown;
  readonly effect?: Effect;
  readonly cancel?: unknown;
}

function handlerParts(handler: unknown): HandlerParts {
  return typeof handler === 'object' && handler !== null ? handler : { run: handler };
}

function invalid(sentence: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${sentence}.`);
}
