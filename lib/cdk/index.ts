export { Console, type ConsoleProps } from './console.ts';
export type { ConsoleAuthorizer, ConsoleUser } from '../console/hosted-api.ts';
export { Orchestrator } from './orchestrator.ts';
export type { OrchestratorProps } from './orchestrator-props.ts';
export type { ImportOptions } from './imported-orchestrator.ts';
export type { AnswerOptions, IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
export {
  ServiceFunction,
  type ServedOrchestrator,
  type ServedOrchestrators,
  type ServiceFunctionOptions,
  type ServiceFunctionProps,
} from './service-function.ts';
export { ServiceQueue, type ServiceQueueProps } from './service-queue.ts';
export { StepFunction, type StepFunctionProps } from './step-function.ts';
export type { StepRunner, StepSettings } from './step-runner.ts';
