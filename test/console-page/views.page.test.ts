import { mkdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { answeredPage } from './answered-page.ts';
import { expectAccessible, settled, type Sight } from './browser.ts';

const VIEWS = {
  overview: '/',
  instances: '/list?q=status%3Astuck',
  stuck: '/stuck',
  parked: '/parked',
  tasks: '/tasks',
  bulk: '/bulk',
  job: '/bulk/job-1',
  services: '/services',
  schedules: '/schedules',
  processes: '/processes',
  process: '/process/book-trip',
  map: '/map',
  cost: '/cost',
  timeline: '/i/book-trip/cart-4#hotel%2Fhotels.book%3A1',
  diagram: '/i/book-trip/cart-4?tab=diagram',
  journal: '/i/book-trip/cart-4?tab=journal#n19990',
  state: '/i/book-trip/cart-4?tab=state',
  commands: '/i/book-trip/cart-stuck?tab=commands',
  'in-time': '/i/book-trip/cart-4?at=7&tab=diagram',
} as const;

/** With SCREENSHOTS=folder, each view is kept as a picture. */
const folder = process.env['SCREENSHOTS'];

const WIDE_LIGHT: Sight = { scheme: 'light', width: 1_440, height: 900 };
const NARROW_DARK: Sight = { scheme: 'dark', width: 420, height: 900 };

describe('the page', () => {
  const answered = answeredPage();
  beforeAll(() => {
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
  });

  test.each(Object.entries(VIEWS))(
    'shows the view %s accessibly, wide and light or narrow and dark, within its security policy',
    async (name, path) => {
      for (const sight of [WIDE_LIGHT, NARROW_DARK]) {
        const { page, faults, close } = await answered.open(path, sight);
        await settled(page);
        if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-${sight.scheme}.png` });
        await expectAccessible(page);
        expect(faults, `faults of ${name}`).toEqual([]);
        const wide = await page.evaluate(
          "Math.max(...['html', 'main'].map((name) => document.querySelector(name)).map((each) => each.scrollWidth - each.clientWidth))",
        );
        expect(wide, `${name} scrolls sideways by so many pixels`).toBeLessThanOrEqual(0);
        await close();
      }
    },
  );
});
