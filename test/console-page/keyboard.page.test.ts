import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { answeredPage } from './answered-page.ts';
import { settled } from './browser.ts';

/** An operation without a mouse: what Tab reaches and Enter presses, then what is written, then Ctrl+Enter. */
interface ByKeys {
  readonly path: string;
  /** Names of buttons, in order. A text with a leading dot is an item of the menu that is open then. */
  readonly press: readonly string[];
  /** By label: what is written into the fields of the dialog, in their order. */
  readonly write?: Readonly<Record<string, string>>;
  /** The label of a list of the dialog, whose first choice is taken. */
  readonly choose?: string;
  /** The path of its request. */
  readonly posts: string;
}

const REASON = { Reason: 'by keys' };
const CART = { cartId: 'c-1', email: 'a@example.com', total: '7', from: 'BER', to: 'LIS' };
const INSTANCE = '/i/book-trip/cart-4';
const API = '/api/instances/book-trip';
const OPERATIONS: Readonly<Record<string, ByKeys>> = {
  start: { path: '/list', press: ['Start an instance'], write: CART, posts: '/api/processes/book-trip/start' },
  publish: { path: '/', press: ['Publish an event'], write: CART, posts: '/api/events/trips.cart-changed' },
  signal: { path: INSTANCE, press: ['Operate', '.Send an event'], write: CART, posts: `${API}/cart-4/signal` },
  ask: { path: INSTANCE, press: ['Operate', '.Ask'], write: { cartId: 'c-1' }, posts: `${API}/cart-4/ask` },
  pause: { path: INSTANCE, press: ['Operate', '.Pause'], write: REASON, posts: `${API}/cart-4/pause` },
  cancel: { path: INSTANCE, press: ['Operate', '.Cancel and undo'], write: REASON, posts: `${API}/cart-4/cancel` },
  terminate: { path: INSTANCE, press: ['Operate', '.Terminate without undo'], write: REASON, posts: `${API}/cart-4/terminate` },
  move: {
    path: INSTANCE,
    press: ['Operate', '.Move to another version'],
    choose: 'Version',
    write: REASON,
    posts: `${API}/cart-4/move`,
  },
  resume: { path: '/i/book-trip/cart-stuck', press: ['Operate', '.Resume'], write: REASON, posts: `${API}/cart-stuck/resume` },
  fork: { path: INSTANCE, press: ['Operate', '.Fork'], write: { Cut: 'start', ...REASON }, posts: `${API}/cart-4/fork` },
  retry: { path: `${INSTANCE}#flights.book%3A1`, press: ['Retry'], write: REASON, posts: `${API}/cart-4/fork` },
  answer: { path: '/tasks', press: ['Answer'], write: { reference: 'H-7', ...REASON }, posts: `${API}/cart-7/resolve` },
  redrive: { path: '/parked', press: ['Choose 01J0', 'Redrive'], posts: '/api/parked/redrive' },
  discard: { path: '/parked', press: ['Choose 01J1', 'Discard'], write: REASON, posts: '/api/parked/discard' },
  edit: { path: '/parked', press: ['Edit 01J0'], write: { total: '7', ...REASON }, posts: '/api/parked/discard' },
  bulk: { path: '/bulk?q=status%3Astuck', press: ['Preview', 'Resume 12…'], write: REASON, posts: '/api/bulk' },
  'job pause': { path: '/bulk/job-1', press: ['Pause'], write: REASON, posts: '/api/bulk/job-1/pause' },
  'job resume': { path: '/bulk/job-2', press: ['Resume'], write: REASON, posts: '/api/bulk/job-2/resume' },
  'job cancel': { path: '/bulk/job-1', press: ['Cancel the job'], write: REASON, posts: '/api/bulk/job-1/cancel' },
  trigger: { path: '/schedules', press: ['Operations of nightly', '.Start now'], write: REASON, posts: '/api/schedules/nightly/trigger' },
  'schedule pause': {
    path: '/schedules',
    press: ['Operations of nightly', '.Pause'],
    write: REASON,
    posts: '/api/schedules/nightly/pause',
  },
  'schedule resume': {
    path: '/schedules',
    press: ['Operations of hourly', '.Resume'],
    write: REASON,
    posts: '/api/schedules/hourly/resume',
  },
  'schedule delete': {
    path: '/schedules',
    press: ['Operations of hourly', '.Delete'],
    write: REASON,
    posts: '/api/schedules/hourly/delete',
  },
  backfill: {
    path: '/schedules',
    press: ['Operations of hourly', '.Backfill'],
    write: { From: '2026-11-29T00:00:00Z', To: '2026-11-30T00:00:00Z', ...REASON },
    posts: '/api/schedules/hourly/backfill',
  },
  'create a schedule': {
    path: '/schedules',
    press: ['Create a schedule'],
    write: { Name: 'weekly', Times: '0 6 * * MON', ...CART, ...REASON },
    posts: '/api/schedules/weekly/create',
  },
};

describe('an operator without a mouse', () => {
  const answered = answeredPage();

  test.each(Object.entries(OPERATIONS))('does the operation %s', async (_, { path, press, write = {}, choose, posts }) => {
    const { page, faults, close } = await answered.open(path);
    await settled(page);
    for (const name of press) {
      if (name.startsWith('.')) await chooseItem(page, name.slice(1));
      else await pressByTab(page, name);
    }
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    if (choose !== undefined) {
      await tabTo(page, dialog.getByRole('button', { name: choose }), choose);
      await page.keyboard.press('Enter');
      await page.getByRole('option').first().waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
    }
    for (const [label, text] of Object.entries(write)) {
      const field = dialog.getByLabel(label, { exact: true });
      await tabTo(page, field, label);
      await page.keyboard.press('Control+a');
      await page.keyboard.type(text);
    }
    await page.keyboard.press('Control+Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(answered.posted.map((request) => request.path)).toContain(posts);
    expect(faults).toEqual([]);
    await close();
  });

  test('leaves each dialog with Escape, and nothing is sent', async () => {
    const { page, close } = await answered.open(INSTANCE);
    await settled(page);
    await page.keyboard.press('.');
    await chooseItem(page, 'Pause');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('combobox').waitFor({ state: 'detached' });
    expect(answered.posted).toEqual([]);
    await close();
  });
});

const TABS_MAX = 120;

async function pressByTab(page: Page, name: string): Promise<void> {
  const isCheckbox = name.startsWith('Choose ');
  const wanted = isCheckbox ? page.getByRole('checkbox', { name, exact: true }) : page.getByRole('button', { name, exact: true });
  await wanted.first().waitFor();
  await tabTo(page, wanted.first(), name);
  await page.keyboard.press(isCheckbox ? 'Space' : 'Enter');
}

async function tabTo(page: Page, wanted: Locator, name: string): Promise<void> {
  const isFocused = (): Promise<boolean> => wanted.evaluate((element) => element === element.ownerDocument.activeElement);
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    if (await isFocused()) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${name}.`);
}

async function chooseItem(page: Page, name: string): Promise<void> {
  const item = page.getByRole('menuitem', { name, exact: true });
  await item.waitFor();
  const focused = page.locator(':focus');
  for (let downs = 0; downs < 12; downs += 1) {
    if ((await focused.innerText()).trim() === name) return page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`The menu does not reach ${name}.`);
}
