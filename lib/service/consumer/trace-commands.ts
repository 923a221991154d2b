import type * as OpenTelemetry from '@opentelemetry/api';
import { isCommandFailed } from '../../contract/errors.ts';
import { parseCommandId } from '../../contract/wire/process-id.ts';
import type { ServedCommand } from '../served.ts';
import { isDeferred } from '../task.ts';

/** The global under which an SDK of OpenTelemetry registers itself, for all copies of its API. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

/**
 * The same commands, whose runs have a span of `@opentelemetry/api` that is current for the handler, so that the spans of its libraries lie
 * below it. It lies below the span of the send, which the `traceparent` of the command names. Without an SDK in this process the commands are
 * as they were, and nothing is loaded.
 */
export function tracedCommands(service: string, commands: ReadonlyMap<string, ServedCommand>): ReadonlyMap<string, ServedCommand> {
  if (!hasSdk()) return commands;
  const traced = ([name, served]: [string, ServedCommand]): [string, ServedCommand] => [
    name,
    {
      ...served,
      run: async (input, task, prepared) => {
        const run = (): Promise<unknown> => served.run(input, task, prepared);
        const api = await loadApi();
        return api ? inSpan(api, { service, name, served, task: task as TracedTask }, run) : run();
      },
    },
  ];
  return new Map(Array.from(commands, traced));
}

function hasSdk(): boolean {
  const registered = (globalThis as { readonly [key: symbol]: unknown })[REGISTRY] as { readonly trace?: unknown } | undefined;
  return registered?.trace !== undefined;
}

async function loadApi(): Promise<typeof OpenTelemetry | undefined> {
  // A bundle without the package has no such module. esbuild accepts that inside of try.
  try {
    return await import('@opentelemetry/api');
  } catch {
    return undefined;
  }
}

interface TracedTask {
  readonly commandId: string;
  readonly attempt: number;
  readonly traceparent?: string;
}

interface TracedRun {
  readonly service: string;
  readonly name: string;
  readonly served: ServedCommand;
  readonly task: TracedTask;
}

async function inSpan(
  api: typeof OpenTelemetry,
  { service, name, served, task }: TracedRun,
  run: () => Promise<unknown>,
): Promise<unknown> {
  const { context, trace, SpanKind, SpanStatusCode } = api;
  const active = context.active();
  const sent = sentBy(task.traceparent);
  // The span of the function or of the batch is linked: it is not the cause.
  const around = trace.getSpanContext(active);
  const of = parseCommandId(task.commandId);
  const span = trace.getTracer('tutti').startSpan(
    name,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.destination.name': service,
        'messaging.message.id': task.commandId,
        ...(of && { 'messaging.message.conversation_id': `${of.pid}/${of.run}` }),
        'tutti.attempt': task.attempt,
      },
      ...(around && sent && { links: [{ context: around }] }),
    },
    sent ? trace.setSpanContext(active, sent) : active,
  );
  try {
    const output = await context.with(trace.setSpan(active, span), run);
    span.setAttribute('tutti.outcome', isDeferred(output) ? 'deferred' : 'completed');
    return output;
  } catch (error) {
    const isDeclared = isCommandFailed(error) && error.command === name && Object.hasOwn(served.contract.errors, error.type);
    span.setAttribute('tutti.outcome', isDeclared ? 'failed' : 'threw');
    span.setStatus({ code: SpanStatusCode.ERROR, message: isDeclared ? error.type : String(error) });
    if (!isDeclared) span.recordException(error instanceof Error ? error : String(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The span of the send; undefined if the sender has none. */
function sentBy(traceparent: string | undefined): OpenTelemetry.SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
