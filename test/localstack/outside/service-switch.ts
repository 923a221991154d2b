import type { Deployment } from './deployment.ts';
import { mappingsOf, switchMapping } from './lambda.ts';
import { until } from './until.ts';

/** Keeps the function of a service from its queue while something else is done, and lets it back in any case. */
export async function withoutFunction(deployment: Deployment, service: string, act: () => Promise<void>): Promise<void> {
  await switchService(deployment, service, false);
  try {
    await act();
  } finally {
    await switchService(deployment, service, true);
  }
}

async function switchService({ name }: Deployment, service: string, enabled: boolean): Promise<void> {
  const state = enabled ? 'Enabled' : 'Disabled';
  const queue = `${name}-${service}`;
  for (const mapping of await mappingsOf(queue)) await switchMapping(mapping, enabled);
  await until(`the function of ${service} to be ${state}`, async () => {
    const mappings = await mappingsOf(queue);
    return mappings.length > 0 && mappings.every(({ State }) => State === state);
  });
}
