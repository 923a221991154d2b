import type { Browser } from 'playwright-core';
import type { Client } from 'tutti/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { serveConsole, type ConsoleServer } from '../../bin/console-server.ts';
import { operationsApi } from '../../lib/console/operations-api.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { flowsOf } from '../../lib/flow/flows.ts';
import { storeFlows } from '../../lib/format/stored-flow.ts';
import { approval, NoteAdded, order } from '../client/shop-orders.ts';
import { reachedConsole, type ReachedConsole } from '../console/reached-console.ts';
import { HOSTILE } from './answers.ts';
import { expectAccessible, openPage, settled, startBrowser, type SeenPage } from './browser.ts';

const SHOP = new URL('../client/shop-orders.ts', import.meta.url);
const CODE = '0123456789abcdef';
const importShop = async (url: string): Promise<Readonly<Record<string, unknown>>> =>
  (await import(url)) as Readonly<Record<string, unknown>>;

/** The begin of an escape code, and the character that turns the direction of the text behind it. */
const HIDDEN = ['\u001b', '\u202e'];

const stuckAndWaiting = (client: Client): Promise<void> =>
  vi.waitFor(async () => {
    expect((await client.describe(order, 'o-bug')).status).toBe('stuck');
    expect(await client.query(order, 'o-1')).toEqual({ shelf: 'shelf of lamp' });
  }, 20_000);

describe('an operator of a running shop', () => {
  let browser: Browser;
  let server: ConsoleServer;
  let client: Client;
  let reached: ReachedConsole;

  beforeAll(async () => {
    browser = await startBrowser();
    reached = await reachedConsole();
    ({ client } = reached);
    const flows = await flowsOf([SHOP.pathname], importShop);
    const built = flows.map((flow) => ({ definition: `${flow.process}@${flow.version}`, code: CODE, flow: flow as unknown as Json }));
    await storeFlows(reached.store, built, 1_000);
    server = await serveConsole(operationsApi(reached.reach, { place: 'the folder .tutti', option: '--local .tutti' }));
    for (const id of ['o-1', 'o-2']) await client.start(order, { orderId: id, item: 'lamp' });
    await client.start(order, { orderId: 'o-bug', item: 'bug' });
    await client.start(approval, { item: 'sofa' }, { id: 'sofa' });
    await stuckAndWaiting(client);
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await reached.close();
  });

  /** The first address has the token, which the browser keeps for the others. */
  const open = async (path: string): Promise<SeenPage> => {
    const seen = await openPage(browser, server.address);
    await settled(seen.page);
    await seen.page.goto(new URL(path, server.address).href);
    await settled(seen.page);
    return seen;
  };

  test('opens the address with its token, finds the stuck order and its reason, and the token leaves the address', async () => {
    const { page, faults, close } = await openPage(browser, server.address);
    await settled(page);
    expect(page.url()).not.toContain('token');
    await page.getByRole('link', { name: '1 stuck' }).click();
    await page.getByText('the code is wrong').waitFor();
    await page.getByRole('link', { name: 'o-bug' }).click();
    await page.getByRole('heading', { level: 1, name: 'o-bug' }).waitFor();
    await page.getByText('POISON').first().waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  test('sends an event to an order that waits, and sees it end without a reload', async () => {
    const { page, faults, close } = await open('/i/order/o-1');
    await page.getByText('shop.note-added').first().waitFor();
    await page.getByRole('button', { name: 'Operate' }).click();
    await page.getByRole('menuitem', { name: 'Send an event' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send an event to o-1' });
    await dialog.getByLabel('orderId').fill('o-1');
    await dialog.getByLabel('text').fill('leave it at the door');
    await dialog.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('It has ended').waitFor();
    await expectAccessible(page);
    await page.getByRole('tab', { name: 'State' }).click();
    await page.getByText('"leave it at the door"').first().waitFor();
    expect(await client.result(order, 'o-1')).toEqual({ shelf: 'shelf of lamp', text: 'leave it at the door' });
    expect(faults).toEqual([]);
    await close();
  });

  test('cancels an order with a reason, and sees the undo of its step and the principal', async () => {
    const { page, close } = await open('/i/order/o-2');
    await page.getByRole('button', { name: 'Operate' }).click();
    await page.getByRole('menuitem', { name: 'Cancel and undo' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel o-2' });
    await dialog.getByLabel('Reason').fill('the customer called');
    await dialog.getByRole('button', { name: 'Cancel and undo' }).click();
    await page.getByText('It has ended').waitFor();
    await page.locator('.timeline-row.undone', { hasText: 'stock.take' }).waitFor();
    await page.getByRole('tab', { name: /^Journal/ }).click();
    await page.getByText('the customer called').first().waitFor();
    expect((await client.describe(order, 'o-2')).status).toBe('cancelled');
    await page.getByRole('tab', { name: 'Diagram' }).click();
    await page.locator('.node.undone').first().waitFor();
    await expectAccessible(page);
    await close();
  });

  test('answers a task by the form of its output', async () => {
    const { page, close } = await open('/tasks');
    await page.getByRole('heading', { name: 'people.approve' }).waitFor();
    await page.getByRole('button', { name: 'Answer' }).click();
    const dialog = page.getByRole('dialog', { name: 'Answer people.approve' });
    await dialog.getByLabel('by', { exact: true }).fill('Ada');
    await dialog.getByLabel('Reason').fill('asked her');
    await dialog.getByRole('button', { name: 'Answer' }).click();
    await page.getByText('No command waits for a person.').waitFor();
    expect(await client.result(approval, 'sofa')).toEqual({ by: 'Ada' });
    await close();
  });

  test('reads markup, escape codes and turned text of a running instance as text, in each of its views and in the list', async () => {
    await client.start(approval, { item: HOSTILE }, { id: 'hostile' });
    await client.start(order, { orderId: 'o-hostile', item: HOSTILE });
    await client.signal(order, 'o-hostile', NoteAdded, { orderId: 'o-hostile', text: HOSTILE });
    await client.result(order, 'o-hostile');
    const paths = ['/tasks', '/i/approval/hostile?tab=state', '/i/order/o-hostile?tab=journal', '/i/order/o-hostile?tab=raw'];
    for (const path of paths) {
      const { page, faults, close } = await open(path);
      for (const entry of await page.getByRole('button', { name: /^EventReceived/ }).all()) await entry.click();
      await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
      expect(await page.locator('img[src="x"]').count(), `images of ${path}`).toBe(0);
      const seen = await page.locator('body').innerText();
      expect(
        HIDDEN.filter((character) => seen.includes(character)),
        `hidden characters of ${path}`,
      ).toEqual([]);
      expect(faults, `faults of ${path}`).toEqual([]);
      await close();
    }
    await client.terminate(approval, 'hostile', 'of a test');
  });

  test('sees every other view of the system', async () => {
    for (const path of ['/', '/list', '/parked', '/bulk', '/services', '/schedules', '/processes', '/process/order', '/map', '/cost']) {
      const { page, faults, close } = await open(path);
      await page.waitForLoadState('networkidle');
      expect(await page.getByText('The page has an error').count(), `errors of ${path}`).toBe(0);
      expect(await page.getByText('INTERNAL').count(), `errors of ${path}`).toBe(0);
      expect(faults, `faults of ${path}`).toEqual([]);
      await close();
    }
  });

  test('learns what to do without the token of the address', async () => {
    const { page, close } = await openPage(browser, new URL(server.address).origin);
    await page.getByText('open the address that the command printed, with its token').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(0);
    await close();
  });
});
