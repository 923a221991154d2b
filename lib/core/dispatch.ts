import type { CommandContract, ServiceContract } from '../contract/runtime-contract.ts';
import { withoutValues } from '../contract/schema.ts';
import { wellFormed } from '../contract/wire/thrown-text.ts';
import { differenceOf, shown } from './difference.ts';
import { beginCall, contractOf, listedContract, newCall } from './issue.ts';
import { journal, jsonOf, shortHash, trySending, type Sending } from './journal.ts';
import type { Decided } from './journal-entry.ts';
import { nextPath, rejectIfCancelled, type CallPolicy, type CallStep, type DispatchStep, type ProcessRun, type Scope } from './run.ts';

/**
 * `ctx.dispatch`: issues the command that a value names, such as a tool call of a language model. Input: a service and that value. Output:
 * the step of the command, or a step that is settled with a refusal.
 *
 * D1 No code vouches for the value. A name or an input that does not fit is an outcome of the step, never a bug, also if the schema throws.
 * D2 A refusal is one journal entry, with the message that the code gets. A replay reads it, so it depends neither on the schema nor on
 *    `only` nor on the schema library of that day. In the same way an issued command stays issued.
 * D3 A replay compares the passed value, as for a call (E2).
 */
export interface NamedCall {
  readonly service: ServiceContract;
  /** The verbs that may be named. @default every verb of the service */
  readonly only: readonly string[] | undefined;
  readonly name: unknown;
  readonly input: unknown;
  readonly policyOf: (contract: CommandContract) => CallPolicy;
}

type Entry = Extract<Decided, { readonly type: 'DispatchRefused' }>;
type Refusal = Pick<Entry, 'refused' | 'message'>;
type Decision = Refusal | { readonly contract: CommandContract; readonly input: Sending };

export function dispatchCommand(run: ProcessRun, scope: Scope, dispatch: NamedCall): CallStep | DispatchStep {
  const path = nextPath(scope, `${dispatch.service.name}.dispatch`);
  const step: DispatchStep = { kind: 'dispatch', path, scope, status: 'open', resolver: undefined };
  if (rejectIfCancelled(run, step)) return step;
  const recorded = run.expected?.recorded('DispatchRefused', path);
  const decision = recorded ?? decide(run, path, dispatch);
  if ('refused' in decision) {
    settleRefused(run, step, dispatch, { ...decision, recorded });
    return step;
  }
  const call = newCall(scope, path, decision.contract, dispatch.policyOf(decision.contract));
  beginCall(run, call, decision.contract, decision.input);
  return call;
}

function decide(run: ProcessRun, path: string, dispatch: NamedCall): Decision {
  const issued = run.expected?.recorded('CommandIssued', path);
  const contract = issued ? contractOf(run, issued.command) : namedBy(run, dispatch);
  if (!contract) return { refused: 'unknown', message: unknownName(dispatch) };
  const what = `${contract.name.slice(contract.service.length + 1)} was called with`;
  const sent = trySending(run, 'CommandIssued', path, { schema: contract.input, value: dispatch.input, what });
  if (issued && !isNamed(issued.command, dispatch))
    run.expected?.differs(`CommandIssued ${path} is passed the name ${nameOf(dispatch)}, in the journal it is ${issued.command}`);
  if (!('fault' in sent)) return { contract, input: sent };
  if (!issued) return { refused: 'invalid', message: shortened(withoutValues(sent.fault)) };
  run.expected?.differs(`CommandIssued ${path} is passed a value that its schema refuses, in the journal it has hash ${issued.hash}`);
  return { contract, input: { data: null, hashes: issued } };
}

function namedBy(run: ProcessRun, { service, only, name }: NamedCall): CommandContract | undefined {
  if (typeof name !== 'string' || only?.includes(name) === false) return undefined;
  const named = service.commands.get(`${service.name}.${name}`);
  return named && listedContract(run, named);
}

function isNamed(command: string, { service, name }: NamedCall): boolean {
  return typeof name === 'string' && `${service.name}.${name}` === command;
}

function settleRefused(
  run: ProcessRun,
  step: DispatchStep,
  { name, input }: NamedCall,
  { refused, message, recorded }: Refusal & { readonly recorded: Entry | undefined },
): void {
  const call = jsonOf(run, { name, input });
  const hash = call === undefined ? undefined : shortHash(run, call);
  if (recorded && recorded.hash !== hash)
    run.expected?.differs(`DispatchRefused ${step.path} ${differenceOf(call ?? null, undefined, hash ?? 'none', recorded.hash ?? 'none')}`);
  journal(run, { type: 'DispatchRefused', path: step.path, refused, message, ...(hash !== undefined && { hash }) });
  step.status = 'settled';
  run.outcomes.push({ kind: 'fulfil', step, value: { ok: false, refused, message } });
}

function unknownName({ service, only, name }: NamedCall): string {
  const verbs = only ?? [...service.commands.keys()].map((command) => command.slice(service.name.length + 1));
  return shortened(`There is no command ${nameOf({ name })} to dispatch: expected one of ${verbs.join(', ')}.`);
}

function nameOf({ name }: Pick<NamedCall, 'name'>): string {
  return typeof name === 'string' ? shown(name) : `of type ${typeof name}`;
}

/** A message is part of the head, and a value can have issues of any length. */
const MESSAGE_LENGTH_MAX = 500;

function shortened(message: string): string {
  return wellFormed(message.length <= MESSAGE_LENGTH_MAX ? message : `${message.slice(0, MESSAGE_LENGTH_MAX)}…`);
}
