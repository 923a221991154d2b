import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Flow } from '../../lib/flow/flow.ts';
import { flowsOf } from '../../lib/flow/flows.ts';

const CONTRACTS = `
const payments = service('payments', {
  charge: command({ input: Money, errors: { CardDeclined: Reason }, undo: { command: refund, input: (_, paid) => paid } }),
  refund,
});
const mails = service('mails', { tell: command({ input: Text }) });
const Paid = event('orders.paid', Money);
const Cancelled = event('orders.cancelled', Money);
`;

/** The flows of modules that exist only as text, by file name. Without values, so names come from the text. */
export async function flowsOfFiles(files: Readonly<Record<string, string>>): Promise<Flow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-flow-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await flowsOf([join(folder, Object.keys(files)[0] ?? '')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The flow of a process with this body. */
export async function flowOfBody(body: string, more = ''): Promise<Flow> {
  const [flow] = await flowsOfFiles({
    'order.ts': `${CONTRACTS}${more}\nexport const order = process('order', {}, async (ctx, input) => {\n${body}\n});`,
  });
  if (!flow) throw new TypeError('the code has no process');
  return flow;
}

/** Each edge as `from -label-> to`, with the labels of the nodes, in the order in which they were added. */
export function edgesOf({ nodes, edges }: Flow): string[] {
  const labels = new Map(nodes.map(({ id, kind, label }) => [id, SHOWN.has(kind) ? label : `${kind} ${label}`]));
  return edges.map(({ from, to, label, kind }) => {
    const arrow = kind === 'fails' ? '-fails->' : label === undefined ? (kind === undefined ? '->' : `-${kind}->`) : `-${label}->`;
    return `${labels.get(from)} ${arrow} ${labels.get(to)}`;
  });
}

const SHOWN: ReadonlySet<string> = new Set(['start', 'command']);
