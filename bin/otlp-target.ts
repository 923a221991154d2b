import type { OtlpOptions } from '../lib/local/runtime.ts';
import { usageError } from './exit-code.ts';

type Target = Pick<OtlpOptions, 'endpoint'> & { readonly headers: Readonly<Record<string, string>> };

/**
 * The collector that the environment names, as the SDKs of OpenTelemetry read it: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, or
 * `OTEL_EXPORTER_OTLP_ENDPOINT`. Throws a usage error for a value that is no address.
 */
export function collectorOfEnvironment(environment: NodeJS.ProcessEnv = process.env): Target | undefined {
  for (const name of ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const endpoint = environment[name];
    if (endpoint) return collectorAt(endpoint, name, environment);
  }
  return undefined;
}

/** `named`: the option or the variable that has the address. The headers are those of `OTEL_EXPORTER_OTLP_HEADERS`. */
export function collectorAt(endpoint: string, named: string, environment: NodeJS.ProcessEnv = process.env): Target {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw usageError(
      `${named} is ${JSON.stringify(endpoint)}: expected an http or https address.`,
      'Collectors listen on http://127.0.0.1:4318.',
    );
  return { endpoint, headers: headersOf(environment['OTEL_EXPORTER_OTLP_HEADERS'] ?? '') };
}

/** `name=value` with commas between, and percent-encoded values. Source: OpenTelemetry specification, OTLP exporter configuration. */
function headersOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  try {
    return Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), decodeURIComponent(pair.slice(pair.indexOf('=') + 1).trim())]),
    );
  } catch {
    throw usageError(
      'OTEL_EXPORTER_OTLP_HEADERS has a value that is not percent-encoded.',
      'Write each value as encodeURIComponent does: % is %25.',
    );
  }
}
