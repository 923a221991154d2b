export {
  command,
  type AnyCommand,
  type Command,
  type CommandTypes,
  type Definition,
  type FailureOf,
  type InputOf,
  type OutputOf,
  type Schemas,
  type Throws,
  type Wires,
} from './contract/command.ts';
export type { CalendarRule, CronRule, MonthlyRule } from './contract/calendar.ts';
export type { Duration } from './contract/duration.ts';
export {
  Cancelled,
  ClientError,
  CommandExhausted,
  CommandFailed,
  ContractError,
  OrchestratorError,
  ProcessBug,
  ProcessFailed,
  type Failure,
} from './contract/errors.ts';
export { event, type AnyEvent, type Correlated, type DataOf, type Event } from './contract/event.ts';
export type {
  Instrumentation,
  ObservedActivation,
  ObservedAnswer,
  ObservedAttempt,
  ObservedCommand,
  ObservedCommit,
  ObservedConflict,
  ObservedLine,
  ObservedStep,
} from './contract/instrumentation.ts';
export type { CommandLimits, Rate } from './contract/limits.ts';
export type { LogFields, LogLevel } from './contract/logged.ts';
export type { Message } from './contract/message.ts';
export type { AnyProcess, EventsOf, Process, ProcessTypes, ResultOf, StartOf, ViewOf } from './contract/process-contract.ts';
export type { Data, Json, Nothing, NothingSchema, Received, Schema, Sent, Wire, Written } from './contract/schema.ts';
export { steps, type Deferred, type StepTask } from './contract/steps.ts';
export type { Retry } from './contract/retry-policy.ts';
export { schedule, type Schedule, type ScheduledInput, type ScheduleTimes } from './contract/schedule.ts';
export type { CatchUp, Overlap, ScheduledAt } from './contract/runtime-contract.ts';
export { service, type AnyService, type Service } from './contract/service.ts';
export { toolsOf, type Tool, type ToolSchema, type Verb } from './contract/tools.ts';
export { system, type System } from './contract/system.ts';
export { versions, type Versions } from './contract/schema.ts';
export { answer, end, publish, send, timer, type Action, type Timer } from './process/action.ts';
export type {
  AnyContext,
  CallOptions,
  ChildOptions,
  ChildStep,
  Context,
  ContextTypes,
  Dispatched,
  DispatchOptions,
  Each,
  MapOptions,
  MapOutcome,
  MapResults,
  MessageOf,
  ScopeOptions,
  Step,
  Wait,
} from './process/context.ts';
export { decider, type Decider } from './process/decider.ts';
export { process, type ProcessOptions } from './process/process.ts';
export type { RunOptions, StepFault, StepOutput } from './process/run-options.ts';
