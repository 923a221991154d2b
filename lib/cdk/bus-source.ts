import { Stack, Token } from 'aws-cdk-lib/core';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { ContractError } from '../contract/errors.ts';
import type { AnyEvent } from '../contract/event.ts';
import type { EventSource, EventTarget, IOrchestrator } from './orchestrator-interface.ts';
import { ForwardingRules } from './resources/forwarding-rules.ts';

/** A bus of EventBridge, made here or found by its name or ARN. */
export type Bus = Pick<IEventBus, 'env' | 'eventBusArn' | 'eventBusName'>;

/** The events that a `BusSource` or a `BusTarget` forwards. */
export interface ForwardingProps {
  /**
   * The events to forward, each only with its owner as `source`. A plain event without `dedupeBy` gets a new id on the second bus, so one that
   * EventBridge delivers twice counts twice.
   */
  readonly events: readonly AnyEvent[];
  /** Ids of the accounts whose events are forwarded. @default the account of the bus that has the events */
  readonly accounts?: readonly string[];
  /** SNS topic that each alarm notifies. @default the topic of the orchestrator; if that has none, the alarms are made without an action, and synth warns */
  readonly alarmTopic?: ITopic;
}

export interface BusSourceProps extends ForwardingProps {
  /** The bus that has the events, in the account and region of this stack; else synth throws. */
  readonly bus: Bus;
}

/**
 * Forwards events of another bus onto the bus of an orchestrator: of another team, of another account, or of the default bus. It is made in the
 * account of that bus. An orchestrator of another account also lists the events in its `accounts`, or its bus refuses them.
 * @example orchestrator.addSource(new BusSource(stack, 'Orders', { bus: orders, events: [OrderPlaced] }));
 */
export class BusSource extends Construct implements EventSource {
  readonly events: readonly AnyEvent[];
  readonly #props: BusSourceProps;

  constructor(scope: Construct, id: string, props: BusSourceProps) {
    super(scope, id);
    checkForwarded(this, 'BusSource', props.events, props.bus.env);
    this.events = props.events;
    this.#props = props;
  }

  attachTo(orchestrator: IOrchestrator): void {
    const { bus, events, accounts = [bus.env.account], alarmTopic = orchestrator.alarmTopic } = this.#props;
    const { name, busArn, consoleUrl } = orchestrator;
    if (bus.eventBusArn === busArn) throw forwardsToItself('BusSource', this, name, 'Pass the bus that has the events.');
    new ForwardingRules(this, 'Rules', { name, events, accounts, from: bus, toArn: busArn, alarmTopic, consoleUrl });
  }
}

export interface BusTargetProps extends ForwardingProps {
  /** The bus that receives the events; it may be in another account or region. The policy of a bus of another account admits the account of the orchestrator. */
  readonly bus: Bus;
}

/**
 * Forwards events from the bus of an orchestrator to another bus: of another account, another region, or another team. It is made in the account
 * and region of the orchestrator. If the other bus is that of an orchestrator in another account, that one lists the events in its `accounts`.
 * @example orchestrator.addTarget(new BusTarget(stack, 'Analytics', { bus: analytics, events: [TripBooked] }));
 */
export class BusTarget extends Construct implements EventTarget {
  readonly #props: BusTargetProps;

  constructor(scope: Construct, id: string, props: BusTargetProps) {
    super(scope, id);
    this.#props = props;
  }

  attachTo(orchestrator: IOrchestrator): void {
    const { bus, events, accounts = [orchestrator.account], alarmTopic = orchestrator.alarmTopic } = this.#props;
    const { name, busArn, busAddress, consoleUrl } = orchestrator;
    checkForwarded(this, 'BusTarget', events, orchestrator);
    if (bus.eventBusArn === busArn) throw forwardsToItself('BusTarget', this, name, 'Pass the bus that receives the events.');
    const from = { eventBusName: busAddress };
    new ForwardingRules(this, 'Rules', { name, events, accounts, from, toArn: bus.eventBusArn, alarmTopic, consoleUrl });
  }
}

/** A rule is in the account and region of its bus. */
function checkForwarded(scope: Construct, kind: string, events: readonly AnyEvent[], place: Pick<Stack, 'account' | 'region'>): void {
  if (events.length === 0) throw invalid(kind, scope, 'has no events', 'List the events to forward.');
  const stack = Stack.of(scope);
  for (const part of ['account', 'region'] as const)
    if (stack[part] !== place[part] && !Token.isUnresolved(stack[part]) && !Token.isUnresolved(place[part]))
      throw invalid(
        kind,
        scope,
        `is in the ${part} ${stack[part]}, and the bus that it forwards from is in ${place[part]}`,
        `Make it in a stack of ${place[part]}.`,
      );
}

function forwardsToItself(kind: string, scope: Construct, name: string, remedy: string): ContractError {
  return invalid(kind, scope, `forwards from the bus of the orchestrator ${name} to the same bus`, remedy);
}

function invalid(kind: string, scope: Construct, text: string, remedy: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `The ${kind} ${scope.node.path} ${text}.`, { remedy });
}
