import type { Command } from 'commander';
import { offsetText } from '../../lib/client/operations/narrator.ts';
import type { TraceResponse } from '../../lib/client/operations/operations.ts';
import type { Span } from '../../lib/client/trace/span.ts';
import { countArgument } from '../arguments.ts';
import { usageError } from '../exit-code.ts';
import { addInstanceOptions, withOperations, type Invocation, type InstanceOptions } from '../invocation.ts';
import { collectorAt } from '../otlp-target.ts';
import type { Terminal } from '../terminal.ts';

interface TraceCommandOptions extends InstanceOptions {
  readonly run?: number;
  readonly otlp?: string;
  readonly now?: true;
}

export function addTraceCommand(program: Command, invocation: Invocation): void {
  addInstanceOptions(program.command('trace'))
    .description('print the spans of an instance, made of its journal, or send them to an OpenTelemetry collector')
    .argument('<process>', 'name of the process')
    .argument('<id>', 'id of the instance')
    .option('--otlp <url>', 'collector, such as http://127.0.0.1:4318; its headers come from OTEL_EXPORTER_OTLP_HEADERS')
    .option('--now', 'with --otlp: also send an instance that is running; open spans end now, with tutti.in_progress')
    .option('--run <n>', 'an earlier run of an instance that continues as new; 1 is the first', countArgument)
    .action(async (process: string, id: string, options: TraceCommandOptions) => {
      const { otlp, run, now } = options;
      const target = otlp === undefined ? undefined : collectorAt(otlp, '--otlp');
      await withOperations(invocation, options, async (operations) => {
        const trace = await operations.trace({ process, id, ...(run !== undefined && { number: run }) });
        if (target) {
          if (!trace.isEnded && trace.status !== 'stuck' && !now)
            throw usageError(
              `${process} ${id} is running, and its spans are not complete.`,
              'Send them again when it has ended, or now with --now.',
            );
          await send(invocation.terminal, target, trace);
        } else if (options.json)
          invocation.terminal.printJson((await import('../../lib/client/trace/otlp.ts')).otlpTraces(trace.system, trace.spans));
        else print(invocation.terminal, trace);
      });
    });
}

async function send(terminal: Terminal, target: ReturnType<typeof collectorAt>, { system, spans }: TraceResponse): Promise<void> {
  const { sendSpans } = await import('../../lib/client/trace/otlp.ts');
  await sendSpans({ url: target.endpoint, headers: target.headers }, system, spans);
  terminal.print(
    `${spans.length} ${spans.length === 1 ? 'span' : 'spans'} sent to ${target.endpoint}, trace ${(spans[0] as Span).traceId}`,
  );
}

/** One line of each span, below its parent: when it began, how long it took, and how it ended. A first send is that of its step. */
function print(terminal: Terminal, { spans }: TraceResponse): void {
  const startedAt = (spans[0] as Span).from;
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    if (span.attributes['tutti.attempt'] === 1) continue;
    const { parentSpanId = '' } = span;
    const siblings = children.get(parentSpanId);
    if (siblings) siblings.push(span);
    else children.set(parentSpanId, [span]);
  }
  let traceId = '';
  const printBelow = (span: Span, depth: number): void => {
    if (span.traceId !== traceId) terminal.print(`trace ${span.traceId}`);
    ({ traceId } = span);
    const [begun, took] = [offsetText(span.from - startedAt), tookText(span)];
    const line = `${begun.padStart(12)} ${took.padStart(12)}  ${'  '.repeat(depth)}${span.name}`;
    terminal.print(span.failed === undefined ? line : `${line}  ${terminal.colors.red(span.failed)}`);
    for (const child of children.get(span.spanId) ?? []) printBelow(child, depth + 1);
  };
  for (const root of children.get('') ?? []) printBelow(root, 0);
}

function tookText({ from, to, attributes }: Span): string {
  return attributes['tutti.in_progress'] === true ? 'open' : offsetText(to - from).slice(1);
}
