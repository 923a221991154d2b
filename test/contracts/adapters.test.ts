import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

function filesUnder(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`);
}

const ports = filesUnder('lib/ports').map((file) => file.slice('lib/ports/'.length, -'.ts'.length));

/** A contract's function, as `process-store` has `processStoreContract`. */
function contractFunction(port: string): string {
  return `${port.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Contract`;
}

/** The parking store lists what is parked as well: two ports, one adapter. */
function adapterOf(port: string): string {
  return port === 'parked-list' ? 'parking-store' : port;
}

/** The sender and the queue are two ends of one thing, with one suite. */
function suiteOf(port: string): string {
  return port === 'message-sender' ? 'message-queue' : adapterOf(port);
}

function technologies(): string[] {
  return readdirSync(`${root}lib/adapters`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

const adapters = technologies().flatMap((technology) =>
  ports
    .filter((port) => readdirSync(`${root}lib/adapters/${technology}`).includes(`${adapterOf(port)}.ts`))
    .map((port) => [technology, port] as const),
);

describe('contract suites', () => {
  test.each(ports)('exist for the port %s', (port) => {
    const suite = readFileSync(`${root}test/contracts/${suiteOf(port)}.contract.ts`, 'utf8');
    expect(suite).toContain(`export function ${contractFunction(suiteOf(port))}(`);
  });

  test.each(adapters)('are run for the adapter %s/%s', (technology, port) => {
    const tests = filesUnder(`test/adapters/${technology === 'system' ? 'memory' : technology}`).filter((file) =>
      file.endsWith('.test.ts'),
    );
    const called = tests.some((file) => readFileSync(`${root}${file}`, 'utf8').includes(`${contractFunction(suiteOf(port))}(`));
    expect(called, `call ${contractFunction(suiteOf(port))} in a test under test/adapters/${technology}`).toBe(true);
  });

  test('has an adapter in memory or of the system for each port', () => {
    expect(ports.filter((port) => !adapters.some(([technology, adapted]) => port === adapted && technology !== 'sqlite'))).toEqual([]);
  });
});
