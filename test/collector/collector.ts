import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINARY = 'node_modules/.cache/tutti-collector';

/** Builds the collector. Go keeps what it has compiled, so a second build takes seconds. */
export function buildCollector(): void {
  const output = join(process.cwd(), BINARY);
  const { error, status, stderr } = spawnSync('go', ['build', '-o', output, '.'], { cwd: 'test/collector', encoding: 'utf8' });
  if (error) throw new Error(`go could not be run (${error.message}): install Go 1.26, which builds the collector of this test.`);
  if (status !== 0) throw new Error(stderr);
}

/** A span as the collector writes it. */
export interface AcceptedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface Accepted {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly AcceptedSpan[] }[] }[];
}

/** An OpenTelemetry collector that accepts OTLP over HTTP and writes what it has accepted to a file. */
export class Collector {
  readonly url: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #log = '';

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'tutti-collector-'));
    const config = join(this.#folder, 'config.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
        exporters: { file: { path: join(this.#folder, 'accepted.jsonl') } },
        service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['file'] } }, telemetry: { metrics: { level: 'none' } } },
      }),
    );
    this.#child = spawn(BINARY, ['--config', `yaml:${readFileSync(config, 'utf8')}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  static async start(): Promise<Collector> {
    const collector = new Collector(await freePort());
    try {
      await collector.#listens();
    } catch (error) {
      collector.stop();
      throw error;
    }
    return collector;
  }

  /** Ends it at once, for a test that fails. */
  stop(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends the collector, which writes all that it has accepted. */
  async accepted(): Promise<readonly AcceptedSpan[]> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    const lines = readFileSync(join(this.#folder, 'accepted.jsonl'), 'utf8').trim().split('\n');
    rmSync(this.#folder, { recursive: true, force: true });
    return lines.flatMap((line) =>
      (JSON.parse(line) as Accepted).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  }

  async #listens(): Promise<void> {
    const { port } = new URL(this.url);
    for (let tries = 0; tries < 200; tries += 1) {
      if (this.#child.exitCode !== null) break;
      if (await canConnect(Number(port))) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`The collector does not listen: ${this.#log}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.end());
  });
}
