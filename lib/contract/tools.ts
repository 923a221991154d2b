import type { AnyCommand } from './command.ts';
import { ContractError } from './errors.ts';
import { inputSchemaOf } from './export/json-schema.ts';
import type { CommandContract } from './runtime-contract.ts';
import { serviceContract, type AnyService } from './service.ts';
import type { Json } from './wire/json.ts';

/**
 * Commands as tools of a language model. Input: a service. Output: the definitions that a model API takes, and the command that a model
 * names. A tool has the verb of its command as its name, because model APIs refuse the dot of `payments.charge`.
 */

/** The verbs of a service. */
export type Verb<S extends AnyService> = Exclude<keyof S & string, '~'>;

/** The command of a verb. */
export type CommandOf<S extends AnyService, K extends string> = K extends keyof S ? Extract<S[K], AnyCommand> : never;

/** A JSON Schema of an object: the only form of input that all model APIs accept. */
export type ToolSchema = { readonly type: 'object' } & { readonly [key: string]: Json | undefined };

/** A command in the form in which model APIs take the definition of a tool. */
export interface Tool<K extends string = string> {
  /** The verb of the command, which `ctx.dispatch` accepts as `name`. Letters, digits, `_` and `-`, at most 64. */
  readonly name: K;
  /** `about` of the command. @default the full name of the command, because some APIs refuse an empty text */
  readonly description: string;
  /** JSON Schema, draft 2020-12, of the value that a caller passes. */
  readonly inputSchema: ToolSchema;
}

/** The names of tools that the APIs of OpenAI, Anthropic and Amazon Bedrock all accept. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * The definitions of a service's commands as tools of a language model, in the order of the service. `only`: the commands to offer.
 *
 * Call it in the handler of the model, not in a process: the definitions change with each deploy of the service, and a replay compares what
 * a process passes. Throws `CONTRACT_INVALID` if a command cannot be a tool, and `SCHEMA_WITHOUT_JSON_SCHEMA`.
 * @example import { toolsOf } from 'tutti'; const tools = toolsOf(support, ['lookUpOrder', 'refund']);
 */
export function toolsOf<S extends AnyService, const K extends Verb<S> = Verb<S>>(service: S, only?: readonly K[]): readonly Tool<K>[] {
  const { name, commands } = serviceContract(service);
  const verbs = [...commands.keys()].map((command) => command.slice(name.length + 1));
  const missing = only?.find((verb) => !verbs.includes(verb));
  if (missing !== undefined) throw invalid(`${name} has no command ${missing}: expected one of ${verbs.join(', ')}.`);
  const offered = only === undefined ? verbs : verbs.filter((verb) => (only as readonly string[]).includes(verb));
  return offered.map((verb) => toolOf(verb as K, namedCommand(service, verb) as CommandContract));
}

function toolOf<K extends string>(verb: K, { name, about, input }: CommandContract): Tool<K> {
  if (!TOOL_NAME.test(verb)) throw invalid(`${name} cannot be a tool: its name does not match ${TOOL_NAME.source}.`);
  const inputSchema = inputSchemaOf(input, `${name}, input`) as ToolSchema;
  if (inputSchema.type !== 'object') throw invalid(`${name} cannot be a tool: its input is not an object.`);
  return { name: verb, description: about ?? name, inputSchema };
}

function invalid(message: string): ContractError {
  return new ContractError('CONTRACT_INVALID', message, {
    remedy: 'Offer other commands with the second argument of toolsOf, or give the command an object as its input.',
  });
}

/** The command that a tool name stands for. Undefined for a value that names no command of the service. */
export function namedCommand(service: AnyService, name: unknown): CommandContract | undefined {
  const { name: owner, commands } = serviceContract(service);
  return typeof name === 'string' ? commands.get(`${owner}.${name}`) : undefined;
}
