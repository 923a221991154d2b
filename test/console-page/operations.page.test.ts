import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { HOSTILE, WITHOUT_GRANT } from './answers.ts';
import { answeredPage } from './answered-page.ts';
import { expectAccessible, settled, type SeenPage } from './browser.ts';

describe('a reader of the page', () => {
  const answered = answeredPage();
  const open = async (path: string): Promise<SeenPage> => {
    const seen = await answered.open(path);
    await settled(seen.page);
    return seen;
  };
  const press = async (page: Page, ...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };

  test('cancels an instance with the keyboard alone, after a reason', async () => {
    const { page, faults, close } = await open('/i/book-trip/cart-4');
    await press(page, '.');
    await page.getByRole('menuitem', { name: 'Cancel and undo' }).waitFor();
    const focused = page.locator(':focus');
    for (let downs = 0; downs < 8 && !(await focused.innerText()).includes('Cancel and undo'); downs += 1) await press(page, 'ArrowDown');
    await press(page, 'Enter');
    const dialog = page.getByRole('dialog', { name: 'Cancel cart-4' });
    await dialog.waitFor();
    await expectAccessible(page);
    await dialog.getByLabel('Reason').focus();
    await press(page, 'Control+Enter');
    await dialog.getByText('Write a reason.').waitFor();
    expect(answered.posted).toEqual([]);
    await page.keyboard.type("it's late");
    expect(await dialog.getByLabel('Command line', { exact: true }).innerText()).toBe(
      String.raw`tutti cancel book-trip cart-4 --reason 'it'\''s late' --local .tutti`,
    );
    expect(await dialog.getByText('ada@laptop').count()).toBe(1);
    await press(page, 'Control+Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted).toEqual([{ path: '/api/instances/book-trip/cart-4/cancel', body: { reason: "it's late" } }]);
    await page.getByText('is now').waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test('finds an operation disabled where a grant is missing, with the name of the grant', async () => {
    const { page, close } = await open(`/i/book-trip/cart-4?tenant=${WITHOUT_GRANT}`);
    await press(page, '.');
    const terminate = page.getByRole('menuitem', { name: 'Terminate without undo' });
    await page.getByText('The missing grant: grantOperate.').first().waitFor({ state: 'attached' });
    expect(await terminate.getAttribute('aria-disabled')).toBe('true');
    await close();
  });

  test('answers a task by the form of its output schema, or of one of its errors', async () => {
    const { page, close } = await open('/tasks');
    await page.getByText(`<img src=x onerror=alert(1)>‹U+202E›gnirts‹U+001B›[31m`).waitFor();
    await page.getByRole('button', { name: 'Answer' }).click();
    const dialog = page.getByRole('dialog', { name: 'Answer hotels.book' });
    await dialog.getByLabel('reference').fill('H-7');
    await dialog.getByLabel('Reason').fill('called them');
    await dialog.getByRole('button', { name: 'Answer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Answer' }).click();
    await dialog.getByLabel('It failed: SoldOut').check();
    await dialog.getByLabel('Reason').fill('called them');
    await dialog.getByRole('button', { name: 'Answer' }).click();
    await dialog.getByText('Fill in freeFrom.').waitFor();
    await dialog.getByLabel('freeFrom').fill('2026-12-24');
    await dialog.getByRole('button', { name: 'Answer' }).click();
    await dialog.waitFor({ state: 'detached' });
    const path = '/api/instances/book-trip/cart-7/resolve';
    expect(answered.posted).toEqual([
      { path, body: { reason: 'called them', step: 'hotels.book:1', output: { reference: 'H-7' } } },
      { path, body: { reason: 'called them', step: 'hotels.book:1', failure: { type: 'SoldOut', data: { freeFrom: '2026-12-24' } } } },
    ]);
    await close();
  });

  test('starts an instance by the form of its input schema', async () => {
    const { page, close } = await open('/process/book-trip');
    await page.getByRole('button', { name: 'Start an instance' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start an instance' });
    await expectAccessible(page);
    for (const [label, text] of Object.entries({ cartId: 'c-1', email: 'ada@example.com', total: '12', from: 'BER', to: 'LIS' }))
      await dialog.getByLabel(label, { exact: true }).fill(text);
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const input = { cartId: 'c-1', email: 'ada@example.com', total: 12, flight: { from: 'BER', to: 'LIS' } };
    expect(answered.posted).toEqual([{ path: '/api/processes/book-trip/start', body: { input } }]);
    await close();
  });

  test('resumes all instances of a cause: a preview first, then a job with a reason', async () => {
    const { page, close } = await open('/stuck');
    await page.getByRole('button', { name: 'Resume all' }).click();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.waitForFunction('true');
    expect(await page.getByLabel('Filter').inputValue()).toBe('status:stuck process:book-trip cause:"book-trip stuck POISON reference"');
    await page.getByLabel('Filter').fill('status:stuck');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('12 instances would change').waitFor();
    await page.getByRole('button', { name: 'Resume 12…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Resume: 12 instances' });
    await dialog.getByLabel('Reason').fill('fixed');
    expect(await dialog.getByLabel('Command line', { exact: true }).innerText()).toBe(
      'tutti resume --where status:stuck --yes --reason fixed --local .tutti',
    );
    await dialog.getByRole('button', { name: 'Resume', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted.at(-1)).toEqual({
      path: '/api/bulk',
      body: expect.objectContaining({ reason: 'fixed', perSecond: 10, preview: expect.objectContaining({ count: 12 }) }),
    });
    await close();
  });

  test('forks an instance at a step, with the plan of the fork before', async () => {
    const { page, close } = await open('/i/book-trip/cart-4#hotel%2Fhotels.book%3A1');
    await page.getByRole('button', { name: 'Fork here' }).click();
    const dialog = page.getByRole('dialog', { name: 'Fork cart-4' });
    await dialog.getByText('hotels.book:1: completed, needs a choice').waitFor();
    await dialog.getByLabel('Supersede cart-4').check();
    await dialog.getByLabel('Reason').fill('another hotel');
    await dialog.getByRole('button', { name: 'Fork', exact: true }).click();
    await page.getByRole('link', { name: 'cart-4~f1' }).waitFor();
    expect(answered.posted).toContainEqual({
      path: '/api/instances/book-trip/cart-4/fork',
      body: { at: 'hotel/hotels.book:1', supersede: true, reason: 'another hotel' },
    });
    await close();
  });

  test('discards the parked events that are chosen', async () => {
    const { page, close } = await open('/parked');
    await page.getByRole('checkbox', { name: 'Choose 01J0' }).check();
    await page.getByRole('button', { name: 'Discard' }).click();
    const dialog = page.getByRole('dialog', { name: 'Discard 1 event' });
    await dialog.getByLabel('Reason').fill('a test');
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted).toEqual([
      {
        path: '/api/parked/discard',
        body: { reason: 'a test', events: [{ pid: 'book-trip#cart-0', id: '01J0', parkedAt: expect.any(Number) }] },
      },
    ]);
    await close();
  });

  test('corrects the data of a parked event, sends it again under one id, and the parked one is discarded', async () => {
    const { page, faults, close } = await open('/parked');
    await page.getByRole('button', { name: 'Edit 01J0' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit trips.cart-changed' });
    await dialog.getByText('The message as it came').click();
    await dialog.getByText('<img src=x onerror=alert(1)>').waitFor();
    await expectAccessible(page);
    await dialog.getByLabel('Reason').fill('the total was a text');
    await dialog.getByRole('button', { name: 'Send and discard' }).click();
    await dialog.getByText('Fill in total.').waitFor();
    await dialog.getByLabel('total').fill('12');
    await dialog.getByRole('button', { name: 'Send and discard' }).click();
    await dialog.waitFor({ state: 'detached' });
    const data = { cartId: 'cart-0', email: 'ada@example.com', flight: { from: 'BER', to: 'LIS' }, total: 12 };
    expect(answered.posted).toEqual([
      { path: '/api/events/trips.cart-changed', body: { data, id: '01J0-edited' } },
      { path: '/api/parked/discard', body: { reason: 'the total was a text', events: [expect.objectContaining({ id: '01J0' })] } },
    ]);
    expect(faults).toEqual([]);
    await close();
  });

  test('publishes another event like those of the events file, with one key', async () => {
    const { page, close } = await open('/');
    await page.getByRole('button', { name: 'Publish another cart-changed' }).click();
    const dialog = page.getByRole('dialog', { name: 'Publish an event' });
    expect(await dialog.getByLabel('cartId').inputValue()).toBe('cart-13');
    await dialog.getByLabel('cartId').focus();
    await press(page, 'Control+Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted).toEqual([{ path: '/api/events/trips.cart-changed', body: { data: expect.objectContaining({ total: 12 }) } }]);
    await close();
  });

  test('creates a schedule by the form of its times and of the input of its process', async () => {
    const { page, close } = await open('/schedules');
    await page.getByRole('button', { name: 'Create a schedule' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create a schedule' });
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await dialog.getByText('Name the schedule.').waitFor();
    const texts = { Name: 'weekly', Times: '0 6 * * MON', 'Time zone': 'Europe/Paris', Reason: 'a report' };
    const input = { cartId: 'c-1', email: 'ada@example.com', total: '12', from: 'BER', to: 'LIS' };
    for (const [label, text] of Object.entries({ ...texts, ...input })) await dialog.getByLabel(label, { exact: true }).fill(text);
    expect(await dialog.getByLabel('Command line', { exact: true }).innerText()).toMatch(
      /^tutti schedules create weekly --process book-trip --cron '0 6 \* \* MON' --zone Europe\/Paris --input '\{.*\}' --reason 'a report'/,
    );
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const given = { cartId: 'c-1', email: 'ada@example.com', total: 12, flight: { from: 'BER', to: 'LIS' } };
    expect(answered.posted).toEqual([
      {
        path: '/api/schedules/weekly/create',
        body: { reason: 'a report', process: 'book-trip', times: { cron: '0 6 * * MON', zone: 'Europe/Paris' }, input: given },
      },
    ]);
    await close();
  });

  test('looks for tasks in older instances, and reads which instances were read', async () => {
    const { page, close } = await open('/tasks');
    await page.getByText('those of the newest 2,000 running instances').waitFor();
    await page.getByRole('button', { name: 'Look at older instances' }).click();
    await page.getByRole('link', { name: 'book-trip cart-1' }).waitFor();
    expect(await page.getByRole('button', { name: 'Answer' }).count()).toBe(2);
    expect(await page.getByText('of the newest').count()).toBe(0);
    await close();
  });

  test('writes a filter with the keyboard, and the address keeps it', async () => {
    const { page, close } = await open('/list');
    await press(page, '/');
    await page.keyboard.type('Status = stuck');
    await press(page, 'Enter');
    await page.waitForURL('**/list?q=status%3Astuck');
    await page.getByRole('link', { name: 'cart-1000', exact: true }).waitFor({ state: 'detached' });
    expect(await page.getByLabel('Command line', { exact: true }).innerText()).toBe('tutti list --where status:stuck --local .tutti');
    await page.reload();
    await settled(page);
    expect(new URL(page.url()).search).toBe('?q=status%3Astuck');
    await press(page, 'j', 'Enter');
    await page.waitForURL('**/i/book-trip/cart-998');
    await close();
  });

  test('goes to an instance and to a view by the palette and the keys', async () => {
    const { page, close } = await open('/');
    await press(page, 'Control+k');
    await page.keyboard.type('cart-99');
    await page
      .getByRole('option', { name: /cart-99/ })
      .first()
      .waitFor();
    await expectAccessible(page);
    await press(page, 'ArrowDown', 'ArrowDown', 'Enter');
    await page.waitForURL('**/i/book-trip/cart-*');
    await press(page, 'g', 't');
    await page.waitForURL('**/tasks');
    await press(page, '?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await page.getByText('go to Stuck').count()).toBe(1);
    await close();
  });

  test('sees a journal of 20,000 entries and a long timeline in parts', async () => {
    const { page, close } = await open('/i/book-trip/cart-4');
    expect(await page.locator('.timeline-row').count()).toBeLessThan(60);
    await page.getByText('The last 507 of 10,000 steps.').waitFor();
    await page.getByRole('tab', { name: 'Journal (20,000)' }).click();
    await page.locator('#n19999').waitFor();
    expect(await page.locator('.entry').count()).toBe(500);
    await page.getByRole('button', { name: 'Show 500 earlier entries of 20,000' }).click();
    await page.locator('#n19000').waitFor();
    await close();
  });

  test('goes back in time, entry by entry', async () => {
    const { page, close } = await open('/i/book-trip/cart-4');
    await page.getByRole('button', { name: 'Go back in time' }).click();
    await page.getByText('As after entry 19998 of 19999').waitFor();
    await page.getByRole('button', { name: 'The entry before' }).click();
    await page.waitForURL('**?at=19997');
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.waitForURL('**/i/book-trip/cart-4');
    expect(await page.getByText('As after entry').count()).toBe(0);
    await close();
  });

  test('reads a hostile id as text in the list and on its own page', async () => {
    const { page, faults, close } = await open('/list');
    await page.getByRole('link', { name: '<img src=x onerror=alert(1)>‹U+202E›gnirts‹U+001B›[31m' }).click();
    await page.waitForURL(`**/i/book-trip/${encodeURIComponent(HOSTILE)}`);
    await page.getByRole('heading', { level: 1, name: '<img src=x' }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test('learns that an instance does not exist', async () => {
    const { page, close } = await answered.open('/i/book-trip/none');
    await page.getByText('There is no /api/instances/book-trip/none.').waitFor();
    expect(await page.getByText('Look at the list.').count()).toBe(1);
    await close();
  });
});
