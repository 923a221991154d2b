import { Cancelled } from '../contract/errors.ts';
import { type Json, frozen, parse, parseStored } from '../contract/schema.ts';
import type { HandlerInput } from '../core/apply.ts';
import { refuse } from '../core/bug.ts';
import { answerEvent, changeView, issuePublish } from '../core/effects.ts';
import { endProcess } from '../core/ending.ts';
import { listedContract, sendCommand } from '../core/issue.ts';
import type { RecordedFact } from '../core/journal-entry.ts';
import type { ProcessRun } from '../core/run.ts';
import { clearNamedTimer, setNamedTimer } from '../core/timers.ts';
import { actionParts, type Action, type ActionParts } from './action.ts';
import type { DeciderDefinition } from './decider.ts';
import { asCodeOf, type CodeStorage } from './running-code.ts';

/** Calls a decider's handler for a fact, then stores its next state and does its actions. Without a handler the fact is only journaled. */
export function decideOn(
  storage: CodeStorage,
  run: ProcessRun,
  definition: DeciderDefinition,
  { fact, input }: { readonly fact: RecordedFact; readonly input: HandlerInput | undefined },
): void {
  const ask = <T>(code: () => T): T => asCodeOf(storage, { run, scope: run.root }, code);
  // Paths count within one call, because a decider is never replayed: loaded or live, it writes the same journal.
  run.root.ordinals.clear();
  if (fact.type === 'CancelRequested') {
    endProcess(run, new Cancelled({ reason: 'requested', message: `Cancelled by ${fact.by}: ${fact.reason}` }), null);
    return;
  }
  const message = messageOf(fact, input);
  const handler = message && definition.handlers.get(message.key);
  if (!message || !handler || run.ended) return;
  // A decider answers the event that it handles, and no earlier one.
  run.asked.length = 0;
  if ('event' in fact) run.asked.push({ event: fact.event, id: fact.id });
  const id = run.image.pid.slice(run.image.pid.lastIndexOf('#') + 1);
  const state = stateOf(run, definition, () => ask(() => definition.initial(id)));
  const at = { id, now: new Date(run.image.clock) };
  const next = ask(() => handler(frozen(state), frozen(message.data), at));
  refusePromise(run, next, message.key);
  const [value, ...actions] = (Array.isArray(next) ? next : [next]) as [unknown, ...(Action | false | undefined)[]];
  changeView(run, run.root, { schema: definition.state, value, what: `the state of ${definition.name} after ${message.key}` });
  const parts = actions.filter((action) => typeof action === 'object').map(actionParts);
  // `end` comes last, whatever its position, because an ended instance takes no action.
  for (const each of parts) if (each.kind !== 'end') act(run, definition, each);
  const ending = parts.find((each) => each.kind === 'end');
  if (ending) act(run, definition, ending);
}

/** Refuses a handler that returned a promise. The promise is dropped, with its rejection. */
function refusePromise(run: ProcessRun, next: unknown, key: string): void {
  if (!(next instanceof Promise)) return;
  next.catch(() => undefined);
  refuse(
    run,
    'POISON',
    `The handler of ${run.definition.name} for ${key} returned a promise: return the next state at once, and do in a command what takes time.`,
  );
}

/** The state of a decider, or its first state. A state of an earlier contract is upcast to the newest version. */
function stateOf(run: ProcessRun, definition: DeciderDefinition, initial: () => unknown): Json {
  return run.image.view
    ? parseStored(definition.state, run.image.view.data)
    : parse(definition.state, initial(), `the first state of ${definition.name}`);
}

function messageOf(fact: RecordedFact, input: HandlerInput | undefined): { readonly key: string; readonly data: unknown } | undefined {
  if (fact.type === 'ProcessStarted' || fact.type === 'EventReceived') return { key: `event ${fact.event}`, data: fact.data };
  if (!input) return undefined;
  return 'timer' in input ? { key: `timer ${input.timer}`, data: undefined } : { key: `command ${input.command}`, data: input.value };
}

function act(run: ProcessRun, definition: DeciderDefinition, action: ActionParts): void {
  switch (action.kind) {
    case 'send': {
      const contract = listedContract(run, action.command);
      sendCommand(run, run.root, contract, { schema: contract.input, value: action.input, what: `${contract.name} was sent with` });
      return;
    }
    case 'publish': {
      const event = definition.publishes.get(action.event);
      if (!event) return refuse(run, 'POISON', `${definition.name} publishes ${action.event}, which its publishes does not list.`);
      issuePublish(run, run.root, event.type, { schema: event.data, value: action.data, what: `${event.type} was published with` });
      return;
    }
    case 'answer': {
      const { type, answer } = action.event;
      if (!answer) return refuse(run, 'POISON', `${definition.name} answers ${type}, which declares no answer.`);
      if (run.asked[0]?.event !== type)
        return refuse(run, 'POISON', `${definition.name} answers ${type} once in the handler of that event, and nowhere else.`);
      answerEvent(run, run.root, type, { schema: answer, value: action.value, what: `${type} was answered with` });
      return;
    }
    case 'end':
      endProcess(run, undefined, action.result satisfies Json);
      return;
    case 'timer':
      if (action.set === 'clear') clearNamedTimer(run, action.name);
      else
        setNamedTimer(run, action.name, action.set === 'at' ? action.instant : run.image.clock + action.delayMs, action.set !== 'within');
  }
}
