import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Starts Chromium. An absent browser fails the tests: a page that no test has seen is not tested. */
export function startBrowser(): Promise<Browser> {
  const named = process.env['CHROMIUM'];
  const path = named ?? CANDIDATES.find(existsSync);
  if (path === undefined)
    throw new Error(
      'No browser is installed: install Debian’s package chromium (apt-get install chromium), or name one with CHROMIUM=path.',
    );
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export type Scheme = 'light' | 'dark';

export interface SeenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors, warnings, violations of the content security policy, and requests to other origins. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export interface Sight {
  readonly scheme?: Scheme;
  readonly width?: number;
  readonly height?: number;
  /** The token that the browser has kept from an earlier visit. */
  readonly token?: string;
}

/** Opens a tab that notes each fault of the page. */
export async function openPage(
  browser: Browser,
  address: string,
  { scheme = 'light', width = 1_440, height = 900, token }: Sight = {},
): Promise<SeenPage> {
  const origin = new URL(address).origin;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' });
  if (token !== undefined) await context.addInitScript({ content: `localStorage.setItem('tutti.token', ${JSON.stringify(token)})` });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !isRefusal(message.text())) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request to ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  return { page, context, faults, close: () => context.close() };
}

/** The browser writes a line for each answer of 400 or more; the page shows such an answer itself. */
function isRefusal(text: string): boolean {
  return text.startsWith('Failed to load resource: the server responded with a status of');
}

/** Fails with each violation of WCAG 2.2 AA that axe finds on the page. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run({
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    });
    return violations.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes
          .map(({ html }) => html.slice(0, 200))
          .slice(0, 3)
          .join(' | ')}`,
    );
  });
  expect(found, `axe at ${page.url()}`).toEqual([]);
}

interface Axe {
  run(options: object): Promise<{ readonly violations: readonly { id: string; help: string; nodes: readonly { html: string }[] }[] }>;
}

/** The view is drawn: its heading is there, and nothing loads. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.locator('[class*="awsui_spinner"]').first().waitFor({ state: 'detached' });
}
