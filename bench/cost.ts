/** `npm run cost`: writes docs/cost.md, docs/scale.md and examples/personalisation/load.md. */
import { writeFileSync } from 'node:fs';
import { countCosts } from './count-costs.ts';
import { costPage } from './cost-page.ts';
import { countLoad, loadPage } from './load-page.ts';
import { scalePage } from './scale-page.ts';

const counted = await countCosts();
writeFileSync(new URL('../docs/cost.md', import.meta.url), costPage(counted));
writeFileSync(new URL('../docs/scale.md', import.meta.url), scalePage(counted.tensCold));
writeFileSync(new URL('../examples/personalisation/load.md', import.meta.url), loadPage(await countLoad()));
