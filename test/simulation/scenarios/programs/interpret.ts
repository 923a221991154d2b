import type { Duration } from '../../../../lib/contract/duration.ts';
import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { Context, Dispatched, Step } from '../../../../lib/process/context.ts';
import { Go, Nudge, Said, serviceOf, stock, Stop } from './contracts.ts';
import type { Beats, Branch, Call, Commanding, Dispatch, Each, Every, Program, ProgramStep, Run, SignalName } from './program.ts';
import { branchName, targetOf, undoable } from './program.ts';
import { stepBody, stepUndo, type Done, type Outside, type Seen } from './services.ts';

type Ctx = Context<{
  start: unknown;
  byId: 'programs.go' | 'programs.stop' | 'programs.nudge';
  publishes: 'programs.said';
  errors: { Thrown: { label: string } };
  view: { text: string };
}>;

const SIGNALS = { go: Go, stop: Stop, nudge: Nudge } satisfies Record<SignalName, unknown>;

/** The variables of one run that the bodies of `ctx.run` capture. */
export class Running {
  readonly outside: Outside;
  done = 0;
  lucky: string | null = null;

  constructor(outside: Outside) {
    this.outside = outside;
  }
}

/** The place of a step: the `ctx` that it uses, and the values of the steps before it in its body. */
interface Frame {
  readonly ctx: Ctx;
  readonly running: Running;
  readonly values: Json[];
}

/** The values of a body, and whether a `return` step ended it. */
interface Ran {
  readonly values: Json[];
  readonly returned: boolean;
}

/** Runs the steps of one body one after the other. All code outside of `ctx` is pure. */
export const runBody = async ({ ctx, running }: Pick<Frame, 'ctx' | 'running'>, program: Program): Promise<Ran> => {
  const values: Json[] = [];
  const frame = { ctx, running, values };
  const handles = new Map<string, Step<unknown>>();
  for (const step of program) {
    const ran = await runStep(frame, step, handles);
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

const runStep = async (frame: Frame, step: ProgramStep, handles: Map<string, Step<unknown>>): Promise<RanStep> => {
  const { ctx, running } = frame;
  switch (step.kind) {
    case 'call':
    case 'run':
    case 'dispatch':
    case 'wait':
    case 'sleep':
    case 'beats':
    case 'every':
    case 'race':
    case 'any':
    case 'scope': {
      const begun = begin(frame, step);
      const target = targetOf(step);
      if (target !== undefined) handles.set(target, begun);
      return value(await begun.then((settled) => said(step, settled)));
    }
    case 'try': {
      const { command, input, options } = request(step.call);
      const outcome = await ctx.try(command, input, options);
      if (command.failed(outcome)) return inner(`refused:${outcome.data.label}`, await runBody(frame, step.refused));
      running.done += 1;
      return value(`ok:${outcome.label}`);
    }
    case 'parallel': {
      const all = await Promise.all(step.branches.map((branch) => begin(frame, branch)));
      return value(all.map((settled, index) => said(step.branches[index] as Branch, settled)));
    }
    case 'again': {
      const late = ctx.sleep(step.after);
      const first = await ctx.race({ b0: begin(frame, step.first), b1: late });
      const second = await ctx.race({ b0: begin(frame, step.second), b1: late });
      return value(['again', first.winner, second.winner]);
    }
    case 'spin':
      // Each scope has no effect and closes at once.
      for (;;) await ctx.scope('spin', async () => undefined);
    case 'until':
      await ctx.until(new Date(ctx.now().getTime() + step.inMs));
      return value('until');
    case 'catch':
      return caught(frame, step);
    case 'compensate':
      ctx.compensate(step.label, async (ctx) => runBody({ ctx, running }, step.body));
      return value('compensate');
    case 'undo':
      await ctx.undo(step.target === undefined ? undefined : handles.get(step.target));
      return value('undo');
    case 'withdraw':
      return value(await withdraw(frame, step.call, step.after));
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
    case 'each':
      return value(await each(frame, step));
    case 'tag': {
      const lucky = ctx.uuid();
      ctx.tag({ lucky });
      running.lucky = lucky;
      return value('tag');
    }
    case 'throw':
      throw ctx.errors.Thrown({ label: step.label });
    case 'return':
      return { value: `return:${step.label}`, returned: true };
  }
};

/** Begins one step by `ctx`, and does not await it. */
const begin = (frame: Frame, step: Branch): Step<unknown> => {
  const { ctx, running } = frame;
  switch (step.kind) {
    case 'call': {
      const { command, input, options } = request(step);
      return counted(running, ctx.call(command, input, options));
    }
    case 'run':
      return counted(running, runInline(frame, step));
    case 'dispatch': {
      const dispatched = ctx.dispatch(serviceOf(step.call.service), valueOf(step), request(step.call).options);
      return counted(running, dispatched, ({ ok }) => ok);
    }
    case 'wait':
      return ctx.waitFor(SIGNALS[step.signal], step.timeout === undefined ? {} : { timeout: step.timeout });
    case 'sleep':
      return ctx.sleep(step.for);
    case 'scope':
      return ctx.scope(step.name, async (inner) => (await runBody({ ctx: step.ambient ? ctx : inner, running }, step.body)).values);
    case 'beats':
      return ctx.scope('beats', async (ctx) => beat(ctx, step));
    case 'every':
      return ctx.every(step.period, async () => act(frame, step.act));
    case 'race':
    case 'any':
      return ctx[step.kind](Object.fromEntries(step.branches.map((branch, index) => [branchName(index), begin(frame, branch)])));
  }
};

/** Counts the command when it completes. A command that is refused, cancelled or given up is not counted. */
const counted = <T>(running: Running, begun: Step<T>, completed: (value: T) => boolean = () => true): Step<T> => {
  begun.then(
    (value) => {
      if (completed(value)) running.done += 1;
    },
    () => undefined,
  );
  return begun;
};

/** `ctx.run`, whose functions capture variables that later steps change. */
const runInline = ({ ctx, running, values }: Frame, step: Run): Step<unknown> => {
  const { outside } = running;
  const seen = (): Seen => ({ values: [...values], done: running.done, lucky: running.lucky });
  return ctx.run<Done>(step.name, async (task) => stepBody(outside, step, seen(), task), {
    ...(undoable(step) && { undo: async (done, task) => stepUndo(outside, step, seen(), done, task) }),
    ...(step.once && { effect: 'once' }),
    ...limits(step),
  });
};

const act = async (frame: Frame, step: Every['act']): Promise<void> => {
  if (step.kind === 'publish') frame.ctx.publish(Said, { label: step.label, note: '' });
  else await begin(frame, step);
};

const each = async (frame: Frame, { signals, until, takes, act }: Each): Promise<Json> => {
  const got: Json[] = ['each'];
  let taken = 0;
  for await (const { data } of frame.ctx.each(
    signals.map((name) => SIGNALS[name]),
    { until },
  )) {
    got.push(data.text);
    if (act) got.push(await begin(frame, act).then((settled) => said(act, settled)));
    taken += 1;
    if (taken === takes) break;
  }
  return got;
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
    case 'run':
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
    case 'every':
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

const caught = async (frame: Frame, step: Extract<ProgramStep, { kind: 'catch' }>): Promise<RanStep> => {
  let failure: unknown;
  try {
    return value(await begin(frame, step.step).then((settled) => said(step.step, settled)));
  } catch (error) {
    failure = error;
  }
  return inner(`caught:${describeFailure(failure)}`, await runBody(frame, step.handler));
};

const withdraw = async (frame: Frame, call: Commanding, after: Duration): Promise<Json> => {
  const { ctx } = frame;
  const begun = begin(frame, call);
  const settled = begun.then(
    (value) => said(call, value),
    (failure: unknown) => describeFailure(failure),
  );
  await ctx.sleep(after);
  await ctx.undo(begun);
  return ['withdrawn', await settled];
};

const describeFailure = (error: unknown): string => {
  const failure = error as { code: string; reason: string; data: { label: string; data?: { label: string } } };
  switch (failure.code) {
    case 'COMMAND_FAILED':
      // The failure of a step has its data inside.
      return `refused:${(failure.data.data ?? failure.data).label}`;
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
  options: { ...(call.undo === false && { undo: false as const }), ...limits(call) },
});

const limits = ({ timeout, within, attempts }: Commanding) => ({
  ...(timeout !== undefined && { timeout }),
  ...((within !== undefined || attempts !== undefined) && {
    retry: { ...(within !== undefined && { within }), ...(attempts !== undefined && { attempts }) },
  }),
});
