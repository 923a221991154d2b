import { FUNCTION_SDK } from '../adapters/aws/sdk-packages.ts';
import { needing } from '../adapters/system/package-missing.ts';
import type { Definition, Throws } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { ContractError } from '../contract/errors.ts';
import type { Instrumentation } from '../contract/instrumentation.ts';
import { checkedLimits } from '../contract/limits.ts';
import { type Frozen, type Received, type Sent, versionOf } from '../contract/schema.ts';
import type { CommandContract, ServiceContract } from '../contract/runtime-contract.ts';
import { serviceContract, type AnyService, type Service } from '../contract/service.ts';
import type { Effect } from './consumer/command-record.ts';
import type { LambdaHost } from './aws/lambda-host.ts';
import type { AnyRun, PollOptions, Prepare, Served, ServedCommand, ServedParts } from './served.ts';
import { storeRecords, type Store } from './store.ts';
import type { Deferred, Task } from './task.ts';

/**
 * The function that runs a command. It returns the output, returns `task.defer()`, or throws a declared error of `task.errors`.
 * Any other error is a run without a reply: the command is run again after a pause, within the limits of its `retry`.
 */
export type Run<I, O, T> = (input: I, task: T) => Promise<O | Deferred>;

/** A function, or an object with the function, its effect class and its `cancel`. */
export type Handler<I, O, T> =
  | Run<I, O, T>
  | {
      readonly run: Run<I, O, T>;
      /**
       * How a repeated run is kept from a second effect. `key`: the handler passes `task.commandId` to the foreign system as the idempotency
       * key. `transaction`: the handler writes through `task.tx`, and the effect commits with the reply. `once`: the foreign system has no
       * idempotency keys; a run that may have had its effect is not repeated, and the reply is `unknown`.
       * @default 'key'
       */
      readonly effect?: 'key' | 'transaction' | 'once';
      /**
       * Called when the process no longer wants a deferred command, for example to take it off a worklist. If it throws, it is called
       * again.
       */
      readonly cancel?: (input: I, task: T) => Promise<void>;
    };

/** The handler of the command `N.K`. */
export type HandlerOf<N extends string, C extends Readonly<Record<string, Definition>>, K extends keyof C & string, Tx> = Handler<
  Received<C[K]['~']['input']>,
  Frozen<Sent<C[K]['~']['output']>>,
  Task<Throws<`${N}.${K}`, C[K]['~']['errors']>, Tx>
>;

/**
 * `T`, resolved only when its type parameters are known. The compiler then checks a handler against the exact output of its
 * command, so that literals stay literals.
 */
export type Later<T> = T extends unknown ? T : never;

/** How a service runs. */
export interface ServeOptions<Tx> {
  /**
   * Keeps the command records.
   * @default the state folder or the memory of the local runtime; on AWS, the table of the service's construct
   */
  readonly store?: Store<Tx>;
  /** Commands that run at the same time, from 1 to 10,000. A Lambda function runs its whole batch instead. @default 10 */
  readonly slots?: number;
  /** Time for running handlers to end after `poll()` was stopped, before `task.signal` aborts. @default '110 seconds' */
  readonly grace?: Duration;
  /** Hooks for metrics, logs and traces. @default nothing is measured */
  readonly instrumentation?: Instrumentation;
}

const SLOTS_MAX = 10_000;

/**
 * Binds handlers to the commands of a service. Throws `ContractError` (`CONTRACT_INVALID`) if a command has no handler, a handler has no
 * command, or an option is out of range.
 *
 * Input: a service and a handler for each command. Output: a `Served`, which runs in the local runtime, as a Lambda function and as a poller.
 * Trunk: consumer/consumer.ts runs its commands, aws/ connects it to a deployment; task.ts is the task of a handler, store.ts its records.
 * @example import { serve } from 'tutti/service'; export const handler = serve(payments, { charge: async (input, task) => … });
 */
export function serve<N extends string, C extends Readonly<Record<string, Definition>>, Tx = undefined>(
  service: Service<N, C>,
  handlers: Later<{ readonly [K in keyof C & string]: HandlerOf<N, C, K, Tx> }>,
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
    ...(options.instrumentation && { instrumentation: options.instrumentation }),
  });
  return deployable(contract.name as N, parts);
}

/** The AWS SDK is loaded at the first call. */
function deployable<N extends string>(name: N, parts: ServedParts): Served<N> {
  let host: Promise<LambdaHost> | undefined;
  const load = async (): Promise<LambdaHost> => {
    try {
      return (await onAws(name, () => import('./aws/lambda-function.ts'))).lambdaFunction(served);
    } catch (error) {
      // The next call tries to load it again.
      host = undefined;
      throw error;
    }
  };
  const lambda = async (batch: unknown, context: unknown): Promise<unknown> => (await (host ??= load())).handle(batch, context);
  const poll = async (options: PollOptions): Promise<void> =>
    (await onAws(name, () => import('./aws/poll-queue.ts'))).pollQueue(served, options);
  const served: Served<N> = Object.freeze(Object.assign(lambda, { '~service': name, '~': parts, poll }));
  return served;
}

function onAws<T>(service: string, load: () => Promise<T>): Promise<T> {
  return needing(`Serving ${service} on AWS`, FUNCTION_SDK, load);
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
    commands.set(command.name, servedCommand({ contract: command, declared: errorsOf(service, verb), handler, transactional }));
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

function errorsOf(service: AnyService, verb: string): unknown {
  return (service as unknown as Readonly<Record<string, { readonly errors: unknown }>>)[verb]?.errors;
}

interface BoundHandler {
  readonly contract: CommandContract;
  /** Creates the declared errors of the command. */
  readonly declared: unknown;
  readonly handler: unknown;
  /** Whether the store has transactions. */
  readonly transactional: boolean;
}

function servedCommand({ contract, declared, handler, transactional }: BoundHandler): ServedCommand {
  const { run, effect = 'key', cancel, prepare } = handlerParts(handler);
  const { name } = contract;
  if (typeof run !== 'function')
    throw invalid(`${name} was served with ${typeof run} as its handler: expected a function, or an object with run`);
  if (!EFFECTS.includes(effect)) throw invalid(`${name} was served with effect ${effect}: expected 'key', 'transaction' or 'once'`);
  if (effect === 'transaction' && !transactional) {
    throw invalid(
      `${name} was served with effect 'transaction' and no store that has transactions: expected a store such as sqlStore({ transaction })`,
    );
  }
  return Object.freeze({
    contract,
    effect,
    run: run as AnyRun,
    ...(cancel === undefined ? {} : { cancel: cancel as NonNullable<ServedCommand['cancel']> }),
    ...(prepare === undefined ? {} : { prepare }),
    ...(contract.limits === undefined ? {} : { limits: checkedLimits(name, contract.limits) }),
    errors: declared,
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
  /** The handlers of lib/steps have it; it is not public. */
  readonly prepare?: Prepare;
}

function handlerParts(handler: unknown): HandlerParts {
  return typeof handler === 'object' && handler !== null ? handler : { run: handler };
}

function invalid(sentence: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${sentence}.`);
}
