import type { Instrumentation } from '../contract/instrumentation.ts';

/**
 * The main file of lib/metrics. Input: the hooks of engine and services, and the heads of open instances. Output: metrics, as the text that
 * Prometheus reads or as lines of CloudWatch's embedded metric format. Trunk: `measuring` turns each hook into counts and durations of a
 * `Recorder`, which is prometheus.ts or emf.ts; open-instances.ts reads the heads.
 */
export interface Recorder {
  /** Adds one. */
  count(name: CounterName, labels: Labels): void;
  /** Adds a duration in milliseconds. */
  time(name: TimingName, labels: Labels, ms: number): void;
}

/** Names of contracts and codes. No label is an id. */
export type Labels = Readonly<Record<string, string>>;

/** The counters, each with its text for a reader. */
export const COUNTERS = {
  started: 'Runs that have begun.',
  ended: 'Runs that have ended, by their last status.',
  stuck: 'Runs that have got stuck.',
  messages: 'Messages that the engine has decided on, by kind and verdict.',
  parked: 'Messages that were parked, by the code of their reason.',
  conflicts: 'Writes of an instance that another worker was faster with.',
  commands: 'Commands that were sent; a command that was sent again counts again.',
  attempts: 'Runs of handlers, by outcome.',
} as const;

/** The durations, each with its text for a reader. */
export const TIMINGS = {
  eventLag: 'From the sending of an event or a reply to its commit.',
  commandLatency: 'From the first sending of a command to the commit of its reply, with the runs between them.',
  runDuration: 'From the start of a run to its end.',
  attemptDuration: 'Of a run of a handler.',
} as const;

export type CounterName = keyof typeof COUNTERS;
export type TimingName = keyof typeof TIMINGS;

const OPEN: ReadonlySet<string> = new Set(['running', 'stuck', 'early']);

/** Hooks that record. They keep no id and no data. */
export function measuring(recorder: Recorder): Instrumentation {
  return {
    activation: ({ process, kind, verdict, code, command, commandAt, sentAt, at }) => {
      recorder.count('messages', { process, kind, verdict });
      if (verdict === 'parked') recorder.count('parked', { process, reason: code ?? 'UNUSABLE' });
      // The message of a timer was sent when the timer was set.
      if (verdict === 'applied' && kind !== 'timer') recorder.time('eventLag', { kind }, at - sentAt);
      if (command !== undefined && commandAt !== undefined)
        recorder.time('commandLatency', { service: serviceOf(command), command }, at - commandAt);
    },
    commit: ({ process, status, was, startedAt, at }) => {
      if (was === undefined) recorder.count('started', { process });
      if (status === was) return;
      if (status === 'stuck') recorder.count('stuck', { process });
      if (OPEN.has(status)) return;
      recorder.count('ended', { process, status });
      recorder.time('runDuration', { process }, at - startedAt);
    },
    conflict: ({ process }) => recorder.count('conflicts', { process }),
    command: ({ command }) => recorder.count('commands', { service: serviceOf(command), command }),
    attempt: ({ command, outcome, startedAt, at }) => {
      recorder.count('attempts', { service: serviceOf(command), command, outcome });
      recorder.time('attemptDuration', { service: serviceOf(command), command }, at - startedAt);
    },
  };
}

/** The service of a command such as `payments.charge`. */
export function serviceOf(command: string): string {
  return command.slice(0, command.indexOf('.'));
}
