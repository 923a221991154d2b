import { steps, STEPS, stepText, type StepInput, type StepTask, type StepUndo } from '../contract/steps.ts';
import { systemContract, type System } from '../contract/system.ts';
import type { CommandEnvelope } from '../contract/wire/envelope.ts';
import type { Json } from '../contract/wire/json.ts';
import { parseCommandId, type CommandKey } from '../contract/wire/process-id.ts';
import { serve } from '../service/serve.ts';
import type { Served } from '../service/served.ts';
import { isDeferred } from '../service/task.ts';
import { StepFinder, type FoundStep, type JournalSource, type StepMissing } from './find-step.ts';
import { outputOf, RunningStep, type CommandTaskOfStep } from './step-task.ts';

export interface StepOptions extends JournalSource {
  readonly system: System<string>;
  /** Functions that replace those of the process, by the path of the step. @default none: the functions of the process run */
  readonly script?: (step: string) => Partial<FoundStep> | undefined;
  /** Steps that run at the same time. @default 100 */
  readonly slots?: number;
}

const SLOTS = 100;

/**
 * The main file of lib/steps: the service `steps`, which runs the bodies of `ctx.run` and their undos.
 *
 * Input: commands of the service `steps`, and the journals of the system. Output: their replies, like those of any service.
 * Trunk: the consumer calls `prepare` before it claims a command: `find-step.ts` replays the journal to the function. Then it claims the
 * command and calls `run`, which passes the task of `step-task.ts` and checks the output.
 *
 * N1 A build that does not have the step claims nothing: the command waits for another build like one of a newer contract
 *    (docs/protocol.md#service-verdicts, R10).
 * N2 Every run of a step, and its undo, sees the captured variables as of the end of the activation that called `ctx.run`. A value that a
 *    function assigns to such a variable is lost.
 */
export function serveSteps({ system, script, slots = SLOTS, ...source }: StepOptions): Served<typeof STEPS> {
  const finder = new StepFinder(system, source);

  const functionsOf = async (command: CommandKey, step: string, needed: keyof FoundStep): Promise<Partial<FoundStep> | StepMissing> => {
    const scripted = script?.(step);
    if (scripted?.[needed] !== undefined) return scripted;
    const found = await finder.find({ pid: command.pid, run: command.run, step });
    if ('fault' in found || found[needed] !== undefined) return found;
    return { fault: `the step ${stepText(step)} has no undo in this build` };
  };

  const prepareRun = (command: CommandEnvelope, { step }: StepInput): Promise<Partial<FoundStep> | StepMissing> =>
    functionsOf(keyOf(command.id), step, 'body');
  // The undone command may be of an earlier run, whose journal has the step. A fork has adopted those of its original.
  const prepareUndo = (command: CommandEnvelope, { step }: StepUndo): Promise<Partial<FoundStep> | StepMissing> => {
    const own = keyOf(command.id);
    const undone = keyOf(command.undoes ?? command.id);
    return functionsOf(undone.pid === own.pid ? undone : own, step, 'undo');
  };

  const handlers = {
    run: { prepare: prepareRun, run: runBody },
    once: { prepare: prepareRun, run: runBody, effect: 'once' },
    undo: { prepare: prepareUndo, run: runUndo },
  };
  const { instrumentation } = systemContract(system);
  return serve(steps, handlers as never, { slots, ...(instrumentation && { instrumentation }) });
}

async function runBody({ step }: StepInput, task: CommandTaskOfStep, { body }: FoundStep): Promise<unknown> {
  const output = await body(new RunningStep(task));
  return isDeferred(output) ? output : outputOf(stepText(step), output);
}

async function runUndo({ output }: StepUndo, task: CommandTaskOfStep, { undo }: FoundStep): Promise<unknown> {
  const done = await (undo as (output: Json, task: StepTask) => Promise<unknown>)(output, new RunningStep(task));
  return isDeferred(done) ? done : null;
}

/** The consumer has parsed the envelope, so its ids have the form. */
function keyOf(commandId: string): CommandKey {
  return parseCommandId(commandId) as CommandKey;
}
