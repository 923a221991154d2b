import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, settled, startBrowser, type SeenPage } from './browser.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The airline accepts connections about a city from the third one on; so many before the first one keep it down. */
const DOWN = -1_000;

describe('a newcomer after npm start', () => {
  let browser: Browser;
  let folder: string;
  let started: ChildProcess;
  let address: string;
  let seen: SeenPage;

  /** The airline, as examples/travel-booking/foreign-systems keeps it: the last line of a key counts. */
  const airlineRefused = (...entries: readonly { readonly key: string; readonly count: number }[]): void =>
    writeFileSync(join(folder, 'airlines', 'flights-refused.jsonl'), entries.map((entry) => `\n${JSON.stringify(entry)}\n`).join(''), {
      flag: 'a',
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tutti-newcomer-'));
    mkdirSync(join(folder, 'airlines'));
    airlineRefused({ key: 'VIE', count: DOWN }, { key: 'KEF', count: DOWN });
    started = spawn('npm', ['start', '--', '--local', join(folder, 'state')], {
      cwd: ROOT,
      detached: true,
      env: { ...process.env, FOREIGN_SYSTEMS: join(folder, 'airlines') },
    });
    [browser, address] = await Promise.all([startBrowser(), addressOf(started)]);
    seen = await openPage(browser, address);
    await settled(seen.page);
  });
  afterAll(async () => {
    await browser.close();
    const ended = new Promise((resolve) => started.once('exit', resolve));
    // npm does not pass the signal on, so the whole group of the command gets it.
    process.kill(-(started.pid as number), 'SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test('finds the cart that waits for the airline, and reads why', async () => {
    const { page, faults } = seen;
    await page.getByRole('link', { name: 'Instances' }).click();
    const row = page.getByRole('row').filter({ hasText: 'cart-5' });
    await row.getByText('the reservation system for KEF is unavailable').waitFor();
    await row.getByRole('link', { name: 'cart-5' }).click();
    await page.getByRole('status').getByText('the reservation system for KEF is unavailable').waitFor();
    expect(faults).toEqual([]);
  });

  test('cancels another cart, and sees its payment refunded', async () => {
    const { page, faults } = seen;
    await page.getByRole('link', { name: 'Instances' }).click();
    await page.getByRole('row').filter({ hasText: 'cart-2' }).getByRole('link', { name: 'cart-2' }).click();
    await page.getByRole('heading', { level: 1, name: 'cart-2' }).waitFor();
    await page.getByRole('button', { name: 'Operate' }).click();
    await page.getByRole('menuitem', { name: 'Cancel and undo' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel cart-2' });
    await dialog.getByLabel('Reason').fill('the customer called');
    await dialog.getByRole('button', { name: 'Cancel and undo' }).click();
    await page.getByRole('status').getByText('waits for the final outcome of flights.book').waitFor();
    airlineRefused({ key: 'VIE', count: 0 });
    await page.locator('.timeline-row.undone', { hasText: 'payments.charge' }).waitFor();
    await page.getByText('It has ended').waitFor();
    await page.getByRole('tab', { name: /^Journal/ }).click();
    await page.getByText('payments.refund sent to undo payments.charge').waitFor();
    expect(faults).toEqual([]);
  });

  test('retries the flight of the cart when the airline answers again, and sees the trip booked', async () => {
    const { page, faults } = seen;
    await page.getByRole('link', { name: 'Instances' }).click();
    await page.getByRole('link', { name: 'cart-5' }).click();
    airlineRefused({ key: 'KEF', count: 2 });
    await page.locator('.timeline-row', { hasText: 'flights.book' }).click();
    await page.getByRole('button', { name: 'Retry' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry flights.book of cart-5' });
    await dialog.getByLabel('Reason').fill('the airline is back');
    await dialog.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('link', { name: 'cart-5~f1' }).click();
    await page.getByRole('heading', { level: 1, name: 'cart-5~f1' }).waitFor();
    await page.getByRole('status').getByText('completed').first().waitFor();
    expect(await page.locator('.timeline-row.done', { hasText: 'flights.book' }).count()).toBe(1);
    expect(faults).toEqual([]);
  });

  test('publishes another cart with one button, and sees it booked', async () => {
    const { page, faults } = seen;
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('button', { name: 'Publish another checkout-travel-cart' }).click();
    const dialog = page.getByRole('dialog', { name: 'Publish an event' });
    const id = await dialog.getByLabel('cartId').inputValue();
    expect(id).toBe('cart-13');
    await dialog.getByRole('button', { name: 'Publish', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.goto(new URL(`/i/book-trip/${id}`, address).href);
    await page.getByRole('status').getByText('completed').first().waitFor();
    expect(faults).toEqual([]);
  });
});

/** The address that the command prints. */
function addressOf({ stdout, stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    for (const stream of [stdout, stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const found = /The console is at (\S+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    stdout?.on('close', () => reject(new Error(`npm start ended: ${text}`)));
  });
}
