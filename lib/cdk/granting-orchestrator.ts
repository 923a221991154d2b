import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AnyEvent } from '../contract/event.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import {
  grantAnswer,
  grantOperate,
  grantPublish,
  grantRead,
  grantReadQueues,
  grantService,
  grantSignal,
  grantStart,
} from './iam/grants.ts';
import type { AnswerOptions, EventSource, EventTarget, IOrchestrator, IServiceQueue, ReadOptions } from './orchestrator-interface.ts';

/** The grants of an orchestrator. They need only its names and ARNs, so an imported orchestrator has them too. */
export abstract class GrantingOrchestrator extends Construct implements IOrchestrator {
  abstract readonly name: string;
  abstract readonly account: string;
  abstract readonly region: string;
  abstract readonly tableArn: string;
  abstract readonly busArn: string;
  abstract readonly busAddress: string;
  abstract readonly payloadBucketArn: string;
  abstract readonly payloadBucketName: string;
  abstract readonly payloadBucketOwner: string;
  abstract readonly inboxArn: string;
  abstract readonly startsArn: string;
  abstract readonly operationsArn: string;
  abstract readonly serviceQueueArns: readonly string[];
  abstract readonly senderRoleArn: string;
  abstract readonly alarmTopic?: ITopic | undefined;
  abstract readonly consoleUrl?: string | undefined;
  readonly #answered: { readonly service: string; readonly recordsOf: string }[] = [];

  abstract serviceQueue(service: AnyService): IServiceQueue;

  addSource(source: EventSource): void {
    source.attachTo(this);
  }

  addTarget(target: EventTarget): void {
    target.attachTo(this);
  }

  grantPublish(grantee: IGrantable, ...events: readonly AnyEvent[]): Grant {
    return grantPublish(this, grantee, events);
  }

  grantService(service: AnyService, grantee: IGrantable): Grant {
    return grantService(this, serviceContract(service).name, this.serviceQueue(service), grantee);
  }

  grantStart(grantee: IGrantable): Grant {
    return grantStart(this, grantee);
  }

  grantSignal(grantee: IGrantable, ...events: readonly AnyEvent[]): Grant {
    return grantSignal(this, grantee, events);
  }

  grantAnswer(service: AnyService, grantee: IGrantable, options: AnswerOptions = {}): Grant {
    const { name } = serviceContract(service);
    this.#answered.push({ service: name, recordsOf: options.recordsOf ?? this.name });
    return grantAnswer(this, name, grantee, options);
  }

  /** Notes that the records of the service are in the table of another orchestrator; a grant that names another table makes synth fail. */
  keepsRecordsIn(service: string, recordsOf: string): void {
    this.node.addValidation({
      validate: () =>
        this.#answered
          .filter((each) => each.service === service && each.recordsOf !== recordsOf)
          .map(
            () =>
              `grantAnswer of the orchestrator ${this.name} allows records of ${service} that nothing writes: one ServiceFunction serves several systems, and its records are in the table of ${recordsOf}. Pass { recordsOf: '${recordsOf}' } to grantAnswer.`,
          ),
    });
  }

  grantRead(grantee: IGrantable, options?: ReadOptions): Grant {
    return grantRead(this, grantee, options);
  }

  grantReadQueues(grantee: IGrantable): Grant {
    return grantReadQueues(this, grantee);
  }

  grantOperate(grantee: IGrantable): Grant {
    return grantOperate(this, grantee);
  }
}
