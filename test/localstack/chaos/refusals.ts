import type { Choices } from '../../simulation/world/choices.ts';
import type { Service } from './aws-request.ts';

/** An answer that no service has given. */
export interface MadeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A refusal in AWS's JSON protocols: the SDK takes the name from `__type`, and that from SQS also from the header of its older clients. */
const jsonRefusal = (status: number, namespace: string, name: string, message: string): MadeAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': name },
  body: JSON.stringify({ __type: `${namespace}#${name}`, message }),
});

const xmlRefusal = (status: number, code: string, message: string): MadeAnswer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

const namespaces: Readonly<Record<Exclude<Service, 's3'>, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810',
  sqs: 'com.amazonaws.sqs',
  events: 'com.amazonaws.events',
};

/** The service is there and takes no more for the moment; each says so in its own words. */
export function throttle(service: Service, choices: Choices): MadeAnswer {
  switch (service) {
    case 'dynamodb': {
      const name = choices.one(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded']);
      return jsonRefusal(400, namespaces.dynamodb, name, 'Rate of requests exceeds the allowed throughput.');
    }
    case 'sqs':
      return jsonRefusal(400, namespaces.sqs, 'RequestThrottled', 'The request was denied due to request throttling.');
    case 'events':
      return jsonRefusal(400, namespaces.events, 'ThrottlingException', 'Rate exceeded');
    case 's3':
      return xmlRefusal(503, 'SlowDown', 'Please reduce your request rate.');
  }
}

/** The service has a fault of its own. Nothing was done. */
export function serverError(service: Service, choices: Choices): MadeAnswer {
  const status = choices.one([500, 503]);
  if (service === 's3') return xmlRefusal(status, status === 500 ? 'InternalError' : 'ServiceUnavailable', 'Please try again.');
  const name = status === 500 ? 'InternalServerError' : 'ServiceUnavailable';
  return jsonRefusal(status, namespaces[service], name, 'The request processing has failed because of an unknown error.');
}
