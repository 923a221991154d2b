import { handler } from './service.ts';

/**
 * Runs the service as a program, for example in a container. After SIGTERM or SIGINT it takes no new commands and lets running handlers
 * end.
 */
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
await handler.poll({ queueUrl: process.env['TUTTI_QUEUE_URL'] ?? '', signal: stop.signal });
