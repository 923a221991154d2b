import { handler } from './service.ts';

/** The service as a program of its own, as in a container. It takes commands until it is told to end, and ends those in hand first. */
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
await handler.poll({ queueUrl: process.env['TUTTI_QUEUE_URL'] ?? '', signal: stop.signal });
