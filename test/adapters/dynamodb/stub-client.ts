import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { HeadItem } from '../../../lib/adapters/dynamodb/head-item.ts';

/** A request as the stub saw it: the operation, without `Command`, and its input. */
export interface Seen {
  readonly operation: string;
  readonly input: Record<string, any>;
}

/** A client with given answers: one for each request, in order. An Error is thrown. `seen` holds the requests. */
export class StubClient {
  readonly seen: Seen[] = [];
  readonly #answers: (object | Error | ((input: any) => object))[];

  constructor(...answers: (object | Error | ((input: any) => object))[]) {
    this.#answers = answers;
  }

  get client(): DynamoDBClient {
    return this as unknown as DynamoDBClient;
  }

  async send(command: { readonly constructor: { readonly name: string }; readonly input: Record<string, any> }): Promise<object> {
    this.seen.push({ operation: command.constructor.name.replace(/Command$/, ''), input: command.input });
    const answer = this.#answers.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer(command.input) : answer;
  }
}

/** The error of a failed condition. */
export function conditionFailed(item?: HeadItem): Error {
  return new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    ...(item !== undefined && { Item: item }),
  });
}

/** Any other failure of the service, by its name. */
export function failed(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
