import type { Choices } from './choices.ts';

/** Everything that AWS, a network, an operator or a deploy is allowed to do to us (protocol section 2). Each is counted under its name. */
export const FAULT_KINDS = [
  'call-failed',
  'answer-lost',
  'throttled',
  'stale-read',
  'index-lag',
  'entry-failed',
  'sender-fault',
  'duplicate-message',
  'duplicate-delivery',
  'delay',
  'reorder',
  'bus-duplicate',
  'crash',
  'freeze',
  'time-out',
  'clock-skew',
  'clock-jump',
  'dead-letter',
  'redeploy',
  'operator',
  'restore',
  'service-outage',
  'handler-error',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Fewer than this would be no test, more would leave nothing of the scenario. */
export const FAULTS_MIN = 5;
export const FAULTS_MAX = 60;
