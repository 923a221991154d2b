import { authorize } from 'tutti-authorizer';
import { textVariable } from '../../lib/adapters/aws/environment.ts';
import { awsReach } from '../../lib/client/aws/aws.ts';
import type { Reach } from '../../lib/client/connection.ts';
import { hostedApi } from '../../lib/console/hosted-api.ts';
import { faultLine, logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

const api = once(() => {
  const name = textVariable(process.env, 'TUTTI_NAME', 'the name of the deployment');
  const region = textVariable(process.env, 'TUTTI_REGION', 'the region of the deployment');
  let opened: Promise<Reach> | undefined;
  return hostedApi({
    reach: () => {
      const opening = (opened ??= awsReach({ name, region }));
      opening.catch(() => (opened = undefined));
      return opening;
    },
    options: { place: `the stack ${name} in ${region}`, option: `--stack ${name} --region ${region}`, region },
    authorize,
    log: (error) => logLine(faultLine(error)),
  });
});

/** Serves the operations API of a `Console` of tutti/cdk to the people that the user's authorizer lets in. */
export const handler = makeHandler((request) => api()(request));
