export { Console, type ConsoleProps } from './console.ts';
export type { ConsoleAuthorizer, ConsoleUser } from '../console/hosted-api.ts';
export { BusSource, BusTarget, type Bus, type BusSourceProps, type BusTargetProps, type ForwardingProps } from './bus-source.ts';
export {
  KafkaSource,
  type KafkaSourceOptions,
  type KafkaSourceProps,
  type ManagedCluster,
  type SelfManagedCluster,
} from './kafka-source.ts';
export { Orchestrator } from './orchestrator.ts';
export type { MetricsSettings } from './resources/system-metrics.ts';
export type { OrchestratorProps, OtlpProps } from './orchestrator-props.ts';
export type { ImportOptions } from './imported-orchestrator.ts';
export type { AnswerOptions, EventSource, EventTarget, IOrchestrator, IServiceQueue } from './orchestrator-interface.ts';
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
