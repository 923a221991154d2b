import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { answeredPage } from './answered-page.ts';
import { settled } from './browser.ts';

describe('the page on a slow network', () => {
  const answered = answeredPage();
  const delayed = async (page: Page, milliseconds: number): Promise<void> => {
    await page.route('**/api/**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await route.continue();
    });
  };

  test.each([
    ['/', ['causes', 'counts', 'schedules', 'services', 'system', 'versions']],
    ['/list?q=status%3Astuck', ['counts', 'instances', 'system']],
    ['/i/book-trip/cart-4', ['counts', 'instances/book-trip/cart-4', 'instances/book-trip/cart-4/timeline', 'system']],
  ])('reads what the view %s shows while its code is on its way, and each path once', async (path, reads) => {
    const { page, faults, close } = await answered.open('/map');
    await settled(page);
    const read: string[] = [];
    page.on('request', (request) => {
      const [, found] = /\/api\/([^?]+)/.exec(request.url()) ?? [];
      // An instance is followed as soon as it is shown.
      if (found !== undefined && request.headers()['if-none-match'] === undefined) read.push(found);
    });
    let isRead = false;
    await page.route('**/assets/app-*.js', async (route) => {
      await vi
        .waitFor(() => expect(read.toSorted()).toEqual(reads), 10_000)
        .then(
          () => (isRead = true),
          () => {},
        );
      await route.continue();
    });
    await page.goto(new URL(path, page.url()).href);
    await settled(page);
    expect([isRead, read.toSorted()]).toEqual([true, reads]);
    expect(faults).toEqual([]);
    await close();
  });

  test('says that it loads, and keeps the view that it has while it reads the next one', async () => {
    const { page, faults, close } = await answered.open('/list');
    await settled(page);
    await delayed(page, 1_500);
    await page.getByRole('link', { name: 'Tasks' }).click();
    await page.getByText('Loading').first().waitFor();
    await page.getByRole('heading', { name: 'hotels.book' }).waitFor();
    await page.getByRole('button', { name: 'Look at older instances' }).click();
    expect(await page.getByRole('heading', { name: 'hotels.book' }).count()).toBe(1);
    await page.getByRole('link', { name: 'book-trip cart-1', exact: true }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test('sends an operation once, however often the keys are pressed', async () => {
    const { page, close } = await answered.open('/i/book-trip/cart-4');
    await settled(page);
    await delayed(page, 1_500);
    await page.keyboard.press('.');
    await page.getByRole('menuitem', { name: 'Pause' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('once');
    for (let times = 0; times < 3; times += 1) await page.keyboard.press('Control+Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted).toEqual([{ path: '/api/instances/book-trip/cart-4/pause', body: { reason: 'once', clock: 'stop' } }]);
    await close();
  });

  test('says that the console does not answer, keeps what was written, and goes on when it answers again', async () => {
    const { page, close } = await answered.open('/i/book-trip/cart-4');
    await settled(page);
    await page.route('**/api/**', (route) => route.abort());
    await page.keyboard.press('.');
    await page.getByRole('menuitem', { name: 'Pause' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('a reason of one line');
    await page.keyboard.press('Control+Enter');
    await dialog.getByText('The console does not answer.').waitFor();
    expect(answered.posted).toEqual([]);
    await page.unroute('**/api/**');
    expect(await dialog.getByLabel('Reason').inputValue()).toBe('a reason of one line');
    await page.keyboard.press('Control+Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted).toHaveLength(1);
    await close();
  });
});
