import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

function filesUnder(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`);
}

const ports = filesUnder('lib/ports').map((file) => file.slice('lib/ports/'.length, -'.ts'.length));

/** The function of a contract: `processStoreContract` for `process-store`. */
function contractFunction(port: string): string {
  return `${port.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Contract`;
}

/** The adapter of the parking store is also that of the parked list. */
function adapterOf(port: string): string {
  return port === 'parked-list' ? 'parking-store' : port;
}

/** The sender and the queue are the two ends of a queue, with one suite. */
function suiteOf(port: string): string {
  return port === 'message-sender' ? 'message-queue' : adapterOf(port);
}

/** Folders of tests whose name differs from that of the adapters. */
const TESTS: Readonly<Record<string, string>> = { system: 'memory' };

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
    const tests = filesUnder(`test/adapters/${TESTS[technology] ?? technology}`).filter((file) => file.endsWith('.test.ts'));
    const called = tests.some((file) => readFileSync(`${root}${file}`, 'utf8').includes(`${contractFunction(suiteOf(port))}(`));
    expect(called, `call ${contractFunction(suiteOf(port))} in a test under test/adapters/${technology}`).toBe(true);
  });

  test('has an adapter in memory or of the system for each port', () => {
    const plain = adapters.filter(([technology]) => technology === 'memory' || technology === 'system').map(([, port]) => port);
    expect(ports.filter((port) => !plain.includes(port))).toEqual([]);
  });
});
