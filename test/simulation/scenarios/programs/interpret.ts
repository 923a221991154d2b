import type { Duration } from '../../../../lib/contract/duration.ts';
import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { Context, Dispatched, Step } from '../../../../lib/process/context.ts';
import { Go, Nudge, Said, serviceOf, stock, Stop } from './contracts.ts';
import type { Beats, Branch, Call, Dispatch, Program, ProgramStep, SignalName } from './program.ts';
import { branchName, targetOf } from './program.ts';

type Ctx = Context<{
  start: unknown;
  byId: 'programs.go' | 'programs.stop' | 'programs.nudge';
  publishes: 'programs.said';
  errors: { Thrown: { label: string } };
  view: { text: string };
}>;

const SIGNALS = { go: Go, stop: Stop, nudge: Nudge } satisfies Record<SignalName, unknown>;

/** The values of a body, and whether a `return` step ended it. */
interface Ran {
  readonly values: Json[];
  readonly returned: boolean;
}

/** Runs the steps of one body one after the other. All code outside of `ctx` is pure. */
export const runBody = async (ctx: Ctx, program: Program): Promise<Ran> => {
  const values: Json[] = [];
  const handles = new Map<string, Step<unknown>>();
  for (const step of program) {
    const ran = await runStep(ctx, step, handles);
    values.push(ran.value);
    if (ran.returned) return { values, returned: true };
  }
  return { values, returned: false };
};

interface RanStep {
  readonly value: Json;
  readonly returned: boolean;
}

const value = (of: Json): RanStep => ({ value: of, returned: false });
const inner = (name: string, ran: Ran): RanStep => ({ value: [name, ...ran.values], returned: ran.returned });

const runStep = async (ctx: Ctx, step: ProgramStep, handles: Map<string, Step<unknown>>): Promise<RanStep> => {
  switch (step.kind) {
    case 'call':
    case 'dispatch':
    case 'wait':
    case 'sleep':
    case 'beats':
    case 'race':
    case 'any':
    case 'scope': {
      const begun = begin(ctx, step);
      const target = targetOf(step);
      if (target !== undefined) handles.set(target, begun);
      return value(await begun.then((settled) => said(step, settled)));
    }
    case 'try': {
      const { command, input, options } = request(step.call);
      const outcome = await ctx.try(command, input, options);
      if (command.failed(outcome)) return inner(`refused:${outcome.data.label}`, await runBody(ctx, step.refused));
      return value(`ok:${outcome.label}`);
    }
    case 'parallel': {
      const all = await Promise.all(step.branches.map((branch) => begin(ctx, branch)));
      return value(all.map((settled, index) => said(step.branches[index] as Branch, settled)));
    }
    case 'again': {
      const late = ctx.sleep(step.after);
      const first = await ctx.race({ b0: begin(ctx, step.first), b1: late });
      const second = await ctx.race({ b0: begin(ctx, step.second), b1: late });
      return value(['again', first.winner, second.winner]);
    }
    case 'spin':
      // Each scope has no effect and closes at once.
      for (;;) await ctx.scope('spin', async () => undefined);
    case 'until':
      await ctx.until(new Date(ctx.now().getTime() + step.inMs));
      return value('until');
    case 'catch':
      return caught(ctx, step);
    case 'compensate':
      ctx.compensate(step.label, async (ctx) => runBody(ctx, step.body));
      return value('compensate');
    case 'undo':
      await ctx.undo(step.target === undefined ? undefined : handles.get(step.target));
      return value('undo');
    case 'withdraw':
      return value(await withdraw(ctx, step.call, step.after));
    case 'pivot':
      ctx.pivot();
      return value('pivot');
    case 'publish':
      ctx.publish(Said, { label: step.label, note: '' });
      return value('publish');
    case 'send': {
      const { input } = request(step.call);
      ctx.send(serviceOf(step.call.service).tell, input);
      return value('send');
    }
    case 'view':
      ctx.view({ text: step.text });
      return value('view');
    case 'throw':
      throw ctx.errors.Thrown({ label: step.label });
    case 'return':
      return { value: `return:${step.label}`, returned: true };
  }
};

/** Begins one step by `ctx`, and does not await it. */
const begin = (ctx: Ctx, step: Branch): Step<unknown> => {
  switch (step.kind) {
    case 'call': {
      const { command, input, options } = request(step);
      return ctx.call(command, input, options);
    }
    case 'dispatch':
      return ctx.dispatch(serviceOf(step.call.service), valueOf(step), request(step.call).options);
    case 'wait':
      return ctx.waitFor(SIGNALS[step.signal], step.timeout === undefined ? {} : { timeout: step.timeout });
    case 'sleep':
      return ctx.sleep(step.for);
    case 'scope':
      return ctx.scope(step.name, async (ctx) => (await runBody(ctx, step.body)).values);
    case 'beats':
      return ctx.scope('beats', async (ctx) => beat(ctx, step));
    case 'race':
    case 'any':
      return ctx[step.kind](Object.fromEntries(step.branches.map((branch, index) => [branchName(index), begin(ctx, branch)])));
  }
};

/** A loop as users write it around a harmless step. It catches a cancellation too, and does not end by it. */
const beat = async (ctx: Ctx, { every, times }: Beats): Promise<void> => {
  for (let beats = 0; beats < times;)
    try {
      await ctx.sleep(every);
      beats += 1;
    } catch {
      // A missed beat is no harm.
    }
};

/** The value of a settled branch in the result. */
const said = (step: Branch, settled: unknown): Json => {
  switch (step.kind) {
    case 'call':
      return `ok:${(settled as { label: string }).label}`;
    case 'dispatch': {
      const done = settled as Dispatched<Pick<typeof stock, 'tell' | '~'>>;
      if (done.ok) return `ok:${done.output.label}`;
      return done.refused ? `turned-away:${done.refused}` : `refused:${done.failure.data.label}`;
    }
    case 'wait':
      return settled === undefined ? 'nothing' : `got:${(settled as { text: string }).text}`;
    case 'sleep':
    case 'beats':
      return step.kind;
    case 'scope':
      return settled as Json;
    case 'race':
    case 'any': {
      const { winner, value: won } = settled as { readonly winner: string; readonly value: unknown };
      const branch = step.branches.find((_branch, index) => branchName(index) === winner) as Branch;
      return [winner, said(branch, won)];
    }
  }
};

const caught = async (ctx: Ctx, step: Extract<ProgramStep, { kind: 'catch' }>): Promise<RanStep> => {
  let failure: unknown;
  try {
    return value(await begin(ctx, step.step).then((settled) => said(step.step, settled)));
  } catch (error) {
    failure = error;
  }
  return inner(`caught:${describeFailure(failure)}`, await runBody(ctx, step.handler));
};

const withdraw = async (ctx: Ctx, call: Call, after: Duration): Promise<Json> => {
  const begun = begin(ctx, call);
  const settled = begun.then(
    (value) => said(call, value),
    (failure: unknown) => describeFailure(failure),
  );
  await ctx.sleep(after);
  await ctx.undo(begun);
  return ['withdrawn', await settled];
};

const describeFailure = (error: unknown): string => {
  const failure = error as { code: string; reason: string; data: { label: string } };
  switch (failure.code) {
    case 'COMMAND_FAILED':
      return `refused:${failure.data.label}`;
    case 'PROCESS_FAILED':
      return `thrown:${failure.data.label}`;
    case 'COMMAND_EXHAUSTED':
      return 'exhausted';
    case 'CANCELLED':
      return `cancelled:${failure.reason}`;
    default:
      throw error;
  }
};

/** The value that names the call, as a language model would give it. */
const valueOf = ({ call, given }: Dispatch): { readonly name: string; readonly input: Json } => {
  const { input } = request(call);
  if (given === 'fits') return { name: call.verb, input };
  return given === 'unknown' ? { name: `${call.verb}All`, input } : { name: call.verb, input: { ...input, label: 7 } };
};

const request = (call: Call) => ({
  // The commands have the same input and output. They differ in their undo, which `ctx.call` does not need.
  command: serviceOf(call.service)[call.verb] as typeof stock.tell,
  input: { label: call.label, does: call.does, stubborn: call.stubborn ?? 0, note: 'n'.repeat(call.note ?? 0) },
  options: {
    ...(call.undo === false && { undo: false as const }),
    ...(call.timeout !== undefined && { timeout: call.timeout }),
    ...((call.within !== undefined || call.attempts !== undefined) && {
      retry: { ...(call.within !== undefined && { within: call.within }), ...(call.attempts !== undefined && { attempts: call.attempts }) },
    }),
  },
});
