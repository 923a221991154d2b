import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Browser } from 'playwright-core';
import { connect } from 'tutti/client';
import { serveConsole } from '../../bin/console-server.ts';
import { Runtime } from '../../lib/local/runtime.ts';
import type { Head, HeadStatus } from '../../lib/ports/process-store.ts';
import { peopleHandler, stockHandler } from '../client/shop-orders.ts';
import { openPage, startBrowser } from './browser.ts';
import { largeShop, longOrder } from './large-shop.ts';

/*
 * Measures what a reader of a large system waits for, and prints each number beside its bar: `npm run measure:console`. No test asserts a
 * time, because a busy machine would fail it; .ci/nightly prints these.
 */

const INSTANCES = Number(process.env['INSTANCES'] ?? 100_000);
/** Two entries each. */
const STEPS = Number(process.env['STEPS'] ?? 10_000);
const TIMES = 5;
const MB = 1024 * 1024;

/** Expressions of the page: its view is there. */
const OVERVIEW = `document.querySelector('h1') && !document.querySelector('[class*="awsui_spinner"]')`;
const ROW = `document.querySelector('[data-row]')`;
const ENTRY = `document.querySelector('.entry')`;
/** The first step is chosen with a click, and its details are there. */
const STEP = `document.querySelector('.timeline-row.chosen')
  ? document.body.textContent.includes('Id of the command')
  : document.querySelector('.timeline-row')?.click()`;

const folder = mkdtempSync(join(tmpdir(), 'tutti-measure-'));
const runtime = new Runtime(largeShop, {
  services: [stockHandler, peopleHandler],
  directory: folder,
  entry: new URL('./large-shop.ts', import.meta.url),
});
await runtime.start();
const client = connect(largeShop, runtime.connection);
const note = (text: string): void => void process.stdout.write(`${text}\n`);

note(`Runs an instance of ${STEPS} steps.`);
await client.start(longOrder, { steps: STEPS }, { id: 'long' });
await client.result(longOrder, 'long', { timeout: '30 minutes' });
note(`Writes ${INSTANCES} instances.`);
await multiply(INSTANCES);

const server = await serveConsole(await runtime.operationsApi(folder));
const { origin, hash } = new URL(server.address);
const browser = await startBrowser();
try {
  const authorization = `Bearer ${hash.slice('#token='.length)}`;
  /** The median of some reads. */
  const read = async (path: string): Promise<Measured> => {
    const times: Measured[] = [];
    for (let at = 0; at < TIMES; at += 1) {
      const [from, before] = [performance.now(), process.cpuUsage()];
      const response = await fetch(`${origin}${path}`, { headers: { authorization } });
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      await response.arrayBuffer();
      const { user, system } = process.cpuUsage(before);
      times.push({ ms: performance.now() - from, cpuMs: (user + system) / 1_000 });
    }
    return times.toSorted((one, other) => one.ms - other.ms)[Math.floor(TIMES / 2)] as Measured;
  };
  const long = '/api/instances/long-order/long';
  await print('cold page: the overview, with an empty cache', 1_000, () => shown(browser, '/', OVERVIEW));
  await print(`first page of the list of ${INSTANCES} (API)`, 300, () => read('/api/instances?limit=50'));
  await print('the list, filtered by status (API)', 300, () => read('/api/instances?limit=50&where=status:stuck'));
  await print('counts of the overview (API)', undefined, () => read('/api/counts'));
  await print('open commands of the services (API)', undefined, () => read('/api/services'));
  await print('first page of the list in the browser', undefined, () => shown(browser, '/list', ROW));
  await print(`an instance of ${2 * STEPS} entries: interactive`, 1_000, () => shown(browser, '/i/long-order/long', STEP), 150);
  await print('its timeline (API)', undefined, () => read(`${long}/timeline?limit=500`));
  await print('its journal, the last page (API)', undefined, () => read(`${long}/journal?limit=500`));
  await print('its journal in the browser', undefined, () => shown(browser, '/i/long-order/long?tab=journal', ENTRY), 150);
} finally {
  await browser.close();
  await server.close();
  await runtime.stop();
  rmSync(folder, { recursive: true, force: true });
}

interface Measured {
  readonly ms: number;
  /** Of this program for the API, of the main thread of the page for a view. A busy machine changes it less than the time. */
  readonly cpuMs: number;
  /** The heap of the page after a collection. */
  readonly bytes?: number;
}

async function print(what: string, bar: number | undefined, measure: () => Promise<Measured>, barMb?: number): Promise<void> {
  const { ms, cpuMs, bytes } = await measure();
  const over = (value: number, most: number | undefined): string =>
    most === undefined ? '' : value <= most ? ` (bar ${most})` : ` (OVER the bar of ${most})`;
  const heap = bytes === undefined ? '' : `, heap ${Math.round(bytes / MB)} MB${over(bytes / MB, barMb)}`;
  note(`${what}: ${Math.round(ms)} ms${over(ms, bar)}, of CPU ${Math.round(cpuMs)} ms${heap}`);
}

/** Writes copies of one running instance, so that the list is as large as that of a busy system. One of a hundred is open. */
async function multiply(count: number): Promise<void> {
  const { processStore } = runtime.state;
  await client.start(longOrder, { steps: 0 }, { id: 'copied' });
  await client.result(longOrder, 'copied');
  const [head] = await processStore.load(['default#long-order#copied'], { consistent: true });
  const copied = head as Head;
  const statuses: readonly HeadStatus[] = ['completed', 'failed', 'cancelled'];
  for (let from = 0; from < count; from += 1_000) {
    await Promise.all(
      Array.from({ length: Math.min(1_000, count - from) }, (_, at) => {
        const number = from + at;
        const status = statuses[number % statuses.length] as HeadStatus;
        const copy = { ...copied, pid: `default#long-order#copy-${number}`, status, startedAt: copied.startedAt - number * 1_000 };
        return processStore.commit(copy, { kind: 'absent' });
      }),
    );
  }
}

/** The time from an empty tab without a cache until the frame in which the view is there, by the clock of the page; then the heap. */
async function shown(of: Browser, path: string, isThere: string): Promise<Measured> {
  const { page, context, close } = await openPage(of, 'about:blank', { token: hash.slice('#token='.length) });
  await context.addInitScript({ content: `shownAt = new Promise(${whenShown(isThere)})` });
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${origin}${path}`, { waitUntil: 'commit' });
  const ms = await page.evaluate<number>('shownAt');
  const { metrics } = await session.send('Performance.getMetrics');
  const seconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await close();
  return { ms, cpuMs: seconds * 1_000, bytes: usedSize };
}

/** Calls back with the time of the first frame after the expression holds. It is tried after each change of the page. */
function whenShown(isThere: string): string {
  return `(resolve) => new MutationObserver((_, observer) => {
    if (!(${isThere})) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  }).observe(document, { subtree: true, childList: true, attributes: true })`;
}
