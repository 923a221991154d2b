import type { SQSClient } from '@aws-sdk/client-sqs';

interface Call {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** An SQS client that answers with these, one after the other (an error is thrown), and remembers what it was asked. */
export function stubClient(...answers: readonly unknown[]): { readonly client: SQSClient; readonly calls: Call[] } {
  const calls: Call[] = [];
  const send = async (command: object & { readonly input: Call['input'] }, options: Call['options'] = {}): Promise<unknown> => {
    const answer = answers[calls.length];
    calls.push({ name: command.constructor.name, input: command.input, options });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { client: { send } as unknown as SQSClient, calls };
}

/** An answer that a test gives when it is time. */
export function later(): { readonly promise: Promise<object>; resolve(answer: object): void; reject(error: Error): void } {
  let settle: { resolve(answer: object): void; reject(error: Error): void } | undefined;
  const promise = new Promise<object>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...(settle as unknown as { resolve(answer: object): void; reject(error: Error): void }) };
}

/** An error as the SDK throws it. */
export function sdkError(name: string): Error {
  return Object.assign(new Error('said so'), { name });
}
