/** `npm run cost`: writes docs/cost.md. */
import { writeFileSync } from 'node:fs';
import { countCosts } from './count-costs.ts';
import { costPage } from './cost-page.ts';

writeFileSync(new URL('../docs/cost.md', import.meta.url), costPage(await countCosts()));
