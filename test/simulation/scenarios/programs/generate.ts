import type { Duration } from '../../../../lib/contract/duration.ts';
import type { Choices } from '../../world/choices.ts';
import type { Behaviour, Branch, Call, Dispatch, Each, Every, Program, ProgramStep, Race, Run, Scope, SignalName } from './program.ts';
import { SIGNAL_NAMES, targetOf } from './program.ts';

const DEPTH_MAX = 3;
const STEPS_MAX = 12;

/** Draws a program. A stream of zeros gives one plain call. */
export const generateProgram = (choices: Choices): Program => new Generator(choices).program();

class Generator {
  readonly #choices: Choices;
  #labels = 0;
  /** The number of steps that may still be drawn. */
  #left: number;
  /** Few programs use a service whose answer may stay unknown, because such an instance stays stuck. */
  readonly #once: boolean;
  /** Some programs use `ctx.run`, loops and other steps that the first programs did not have. */
  readonly #newer: boolean;
  /** Few programs begin with a race of waits whose events are all there, so that losers put events back. */
  readonly #meets: boolean;

  constructor(choices: Choices) {
    this.#choices = choices;
    // One number for both, so that programs without the newer steps stay as they were.
    const kind = choices.below(100);
    this.#once = (kind > 0 && kind < 6) || kind >= 96;
    this.#newer = kind >= 60;
    this.#meets = kind >= 60 && kind < 66;
    this.#left = choices.between(1, STEPS_MAX);
  }

  program(): Program {
    if (this.#choices.chance(0.08)) return this.#long();
    const steps: ProgramStep[] = this.#meets ? this.#meeting() : [];
    while (this.#left > 0) steps.push(this.#step(0, steps));
    if (this.#choices.chance(0.02)) steps.push(this.#misuse());
    return steps;
  }

  #meeting(): ProgramStep[] {
    const choices = this.#choices;
    const signals = choices.one<readonly [SignalName, SignalName]>([
      ['go', 'stop'],
      ['stop', 'nudge'],
    ]);
    const [first, second] = signals.map((signal): Branch => ({ kind: 'wait', signal })) as [Branch, Branch];
    const wait = { kind: 'wait', signal: signals[1], timeout: '1 second' } as const;
    const scope = { kind: 'scope', name: 'room', body: [{ kind: 'wait', signal: signals[1] }] } as const;
    const branches = choices.one<readonly Branch[]>([
      [first, second],
      [second, first, second],
      [{ kind: 'race', name: this.#label(), branches: [first, second] }, second],
      [first, scope, second],
    ]);
    return [{ kind: 'sleep', for: '2 hours' }, { kind: choices.one(['race', 'any'] as const), name: this.#label(), branches }, wait, wait];
  }

  /** A step that no process may make. The instance is stuck, and nothing is undone. */
  #misuse(): ProgramStep {
    if (this.#choices.chance(0.1)) return { kind: 'spin' };
    return { kind: 'again', first: this.#call(true), second: this.#call(true), after: this.#pause() };
  }

  /** Many cheap calls, so that the journal outgrows the head. */
  #long(): Program {
    const note = this.#choices.one([0, 200, 2_000]);
    const calls = Array.from({ length: this.#choices.between(20, 40) }, (): ProgramStep => ({
      ...this.#call(),
      verb: 'act',
      does: { is: 'ok' },
      note,
    }));
    return this.#choices.chance(0.5) ? calls : [...calls, { kind: 'throw', label: this.#label() }];
  }

  #label(): string {
    this.#labels += 1;
    return `s${this.#labels}`;
  }

  #step(depth: number, before: readonly ProgramStep[]): ProgramStep {
    const choices = this.#choices;
    this.#left -= 1;
    const deeper = depth < DEPTH_MAX && this.#left > 0;
    if (this.#newer && choices.chance(0.4)) return this.#newerStep(depth, deeper);
    switch (choices.below(deeper ? 22 : 14)) {
      case 0:
      case 1:
      case 2:
        return this.#call();
      case 3:
        return this.#wait();
      case 4:
        return { kind: 'sleep', for: this.#pause() };
      case 5:
        return { kind: 'until', inMs: choices.one([0, -60_000, 1_000, 90_000, 3_600_000]) };
      case 6:
        return { kind: 'publish', label: this.#label() };
      case 7:
        return { kind: 'send', call: { ...this.#call(), verb: 'tell', does: { is: 'ok' } } };
      case 8:
        return { kind: 'compensate', label: choices.one(['mend', 'tidy']), body: this.#compensation() };
      case 9: {
        const targets = before.map(targetOf).filter((target) => target !== undefined);
        return targets.length > 0 && choices.chance(0.6) ? { kind: 'undo', target: choices.one(targets) } : { kind: 'undo' };
      }
      case 10:
        return choices.chance(0.5) ? { kind: 'pivot' } : { kind: 'view', text: this.#label() };
      case 11:
        return { kind: 'withdraw', call: this.#undoableCall(), after: choices.one(['1 second', '30 seconds', '2 minutes', '10 minutes']) };
      case 12:
        return { kind: 'throw', label: this.#label() };
      case 13:
        return choices.chance(0.5) ? this.#call() : { kind: 'return', label: this.#label() };
      case 14:
        return choices.chance(0.5) ? this.#dispatch() : { kind: 'try', call: this.#call(), refused: this.#body(depth + 1, 2) };
      case 15:
      case 16:
        return { kind: 'parallel', branches: this.#branches(depth + 1, false) };
      case 17:
      case 18:
        return this.#race('race', depth + 1);
      case 19:
        return this.#race('any', depth + 1);
      case 20:
        return this.#scope(depth + 1);
      default:
        return {
          kind: 'catch',
          step: choices.chance(0.7) ? this.#scope(depth + 1) : this.#call(),
          handler: this.#body(depth + 1, 2),
        };
    }
  }

  #newerStep(depth: number, deeper: boolean): ProgramStep {
    const choices = this.#choices;
    switch (choices.below(deeper ? 9 : 6)) {
      case 0:
      case 1:
        return this.#run();
      case 2:
        return this.#each();
      case 3:
        return { kind: 'tag' };
      case 4:
        return { kind: 'withdraw', call: this.#run(true), after: choices.one(['1 second', '30 seconds', '2 minutes']) };
      case 5:
        return choices.chance(0.5) ? this.#dare() : this.#run();
      case 6:
        return { kind: 'race', name: this.#label(), branches: [this.#ending(), this.#every()] };
      case 7:
        return { ...this.#scope(depth + 1), ambient: true };
      default:
        return { kind: 'catch', step: this.#run(), handler: this.#body(depth + 1, 2) };
    }
  }

  #run(undoable = false): Run {
    const choices = this.#choices;
    const does = this.#doesOfStep();
    return {
      kind: 'run',
      label: this.#label(),
      name: choices.one(['bake', 'knead']),
      does,
      ...(choices.chance(0.15) && { stubborn: choices.between(1, 3) }),
      ...(!undoable && choices.chance(0.15) && { undo: false as const }),
      ...(choices.chance(0.15) && { timeout: choices.one(['10 seconds', '1 minute'] as const) }),
      ...(choices.chance(0.1) && { within: choices.one(['20 seconds', '5 minutes'] as const) }),
      ...(choices.chance(0.06) && { attempts: choices.between(1, 3) }),
      ...(this.#once && choices.chance(0.4) && { once: true as const }),
    };
  }

  #doesOfStep(): Behaviour {
    const choices = this.#choices;
    const kind = choices.below(10);
    if (kind < 5) return { is: 'ok' };
    if (kind === 5) return { is: 'refuse' };
    if (kind === 6) return { is: 'slow', seconds: choices.one([5, 45, 200]) };
    if (kind === 7) return { is: 'stumble', times: choices.between(1, 3), after: choices.chance(0.5) };
    if (kind === 8) return { is: 'not-done', times: choices.between(1, 3) };
    return { is: 'busy', seconds: choices.one([30, 150]) };
  }

  /** A call that may be given up with its outcome unknown, although it has an undo. */
  #dare(): Call {
    const call = this.#call();
    const does = this.#choices.chance(0.3) ? ({ is: 'forget' } as const) : this.#doesOfStep();
    return { ...call, verb: 'dare', does, ...(does.is === 'forget' && { within: '5 minutes' as const }) };
  }

  #each(): Each {
    const choices = this.#choices;
    const signals = choices.one<readonly SignalName[]>([['nudge'], ['go', 'stop'], ['stop', 'nudge']]);
    return {
      kind: 'each',
      signals,
      until: this.#pause(),
      takes: choices.between(1, 3),
      ...(choices.chance(0.5) && { act: choices.chance(0.5) ? this.#run() : this.#call() }),
    };
  }

  #every(): Every {
    return {
      kind: 'every',
      period: this.#choices.one(['20 minutes', '3 minutes'] as const),
      act: this.#choices.chance(0.5) ? this.#run() : { kind: 'publish', label: this.#label() },
    };
  }

  /** A branch that surely settles. */
  #ending(): Branch {
    return this.#choices.chance(0.5) ? this.#call() : { kind: 'sleep', for: this.#pause() };
  }

  #body(depth: number, most: number): Program {
    const steps: ProgramStep[] = [];
    const length = this.#choices.between(1, most);
    while (steps.length < length && this.#left > 0) steps.push(this.#step(depth, steps));
    return steps;
  }

  #scope(depth: number): Scope {
    return { kind: 'scope', name: this.#choices.one(['room', 'hall']), body: this.#body(depth, 4) };
  }

  #race(kind: Race['kind'], depth: number): Race {
    return { kind, name: this.#label(), branches: this.#branches(depth, true) };
  }

  #undoableCall(): Call {
    const { undo: _undo, verb, ...call } = this.#call(true);
    return { ...call, verb: verb === 'tell' ? 'act' : verb };
  }

  #branches(depth: number, raced: boolean): Branch[] {
    return Array.from({ length: this.#choices.between(2, 3) }, (): Branch => {
      this.#left -= 1;
      if (this.#newer && this.#choices.chance(0.25)) return this.#run();
      if (this.#choices.chance(0.12)) return this.#unusual(depth);
      switch (this.#choices.below(6)) {
        case 0:
        case 1:
          return this.#call(raced);
        case 2:
          return this.#wait();
        case 3:
          return { kind: 'sleep', for: this.#pause() };
        default:
          return this.#scope(depth);
      }
    });
  }

  /** A dispatch or a race in a branch, or a loop that swallows its cancellation. */
  #unusual(depth: number): Branch {
    if (this.#choices.chance(0.3)) return this.#dispatch(true);
    if (depth < DEPTH_MAX && this.#left > 0 && this.#choices.chance(0.6))
      return this.#race(this.#choices.one(['race', 'any'] as const), depth + 1);
    return { kind: 'beats', every: this.#choices.one(['1 minute', '20 seconds', '20 minutes']), times: this.#choices.between(1, 4) };
  }

  #wait(): ProgramStep & Branch {
    const timeout = this.#choices.chance(0.5) ? { timeout: this.#pause() } : {};
    return { kind: 'wait', signal: this.#choices.one<SignalName>(SIGNAL_NAMES), ...timeout };
  }

  #pause(): Duration {
    return this.#choices.one(['1 second', '20 seconds', '3 minutes', '20 minutes', '2 hours']);
  }

  #compensation(): readonly Call[] {
    return Array.from({ length: this.#choices.between(0, 2) }, () => ({
      kind: 'call' as const,
      label: this.#label(),
      service: this.#choices.one(['stock', 'bank'] as const),
      verb: this.#choices.one(['tell', 'act'] as const),
      does: this.#choices.one<Behaviour>([{ is: 'ok' }, { is: 'stumble', times: 2, after: true }]),
    }));
  }

  #call(raced = false): Call {
    const choices = this.#choices;
    const service = this.#once && choices.chance(0.4) ? 'press' : choices.one(['stock', 'bank'] as const);
    const does = this.#behaviour(service);
    const impatient = does.is === 'forget' || choices.chance(0.1);
    return {
      kind: 'call',
      label: this.#label(),
      service,
      verb: does.is === 'defer' || does.is === 'forget' ? 'ask' : choices.chance(0.25) ? 'tell' : 'act',
      does,
      ...(choices.chance(0.15) && service !== 'press' && { stubborn: choices.between(1, 3) }),
      ...(choices.chance(0.15) && { note: choices.one([300, 2_000, 5_000, ...(choices.chance(0.1) ? [120_000] : [])]) }),
      ...(choices.chance(0.1) && { undo: false as const }),
      ...(choices.chance(0.15) && { timeout: choices.one(['10 seconds', '1 minute'] as const) }),
      ...(impatient && !(raced && choices.chance(0.3)) && { within: choices.one(['20 seconds', '5 minutes'] as const) }),
      ...(does.is !== 'forget' && choices.chance(0.06) && { attempts: choices.between(1, 3) }),
    };
  }

  #dispatch(raced = false): Dispatch {
    return { kind: 'dispatch', given: this.#choices.one(['fits', 'invalid', 'unknown'] as const), call: this.#call(raced) };
  }

  #behaviour(service: Call['service']): Behaviour {
    const choices = this.#choices;
    const kinds = service === 'press' ? 10 : service === 'bank' ? 14 : 18;
    const kind = choices.below(kinds);
    if (kind < 7) return { is: 'ok' };
    if (kind < 9) return { is: 'refuse' };
    if (kind === 9) return { is: 'slow', seconds: service === 'press' ? 5 : choices.one([5, 45, 200, 400]) };
    if (kind === 10) return { is: 'slow', seconds: choices.one([20, 90]) };
    if (kind < 13) return { is: 'stumble', times: choices.between(1, 3), after: choices.chance(0.5) };
    if (kind === 13) return { is: 'busy', seconds: choices.one([30, 150]) };
    if (kind === 17) return { is: 'forget' };
    return { is: 'defer', seconds: choices.one([1, 60, 600, 7_200]), early: choices.chance(0.25), refuses: choices.chance(0.2) };
  }
}
