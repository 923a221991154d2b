import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Flow } from '../../lib/flow/flow.ts';
import { flowsOf } from '../../lib/flow/flows.ts';
import { layOut } from '../../lib/flow/layout.ts';
import { mermaidOf } from '../../lib/flow/mermaid.ts';
import { svgOf } from '../../lib/flow/svg.ts';
import { flowOfBody } from './of-code.ts';

const BODY = `
  ctx.compensate('tell "<them>"', async () => { await ctx.call(mails.tell, {}); });
  await ctx.scope('pay', async () => ctx.call(payments.charge, {}));
  if (input.a < 1 && input.b > 2) return "<script>alert(1)</script>";
  ctx.pivot();`;

test('a layout has a place within the picture for each node, and a box around the nodes of each scope', async () => {
  const flow = await flowOfBody(BODY);
  const { nodes, scopes, width, height } = await layOut(flow);
  expect(nodes).toHaveLength(flow.nodes.length);
  const outside = nodes.filter(
    (node) =>
      node.x - node.width / 2 < 0 || node.y - node.height / 2 < 0 || node.x + node.width / 2 > width || node.y + node.height / 2 > height,
  );
  expect(outside).toEqual([]);
  const charge = nodes.find(({ name }) => name === 'payments.charge');
  const around = scopes.filter(
    (box) => Math.abs(box.x - (charge?.x ?? 0)) < box.width / 2 && Math.abs(box.y - (charge?.y ?? 0)) < box.height / 2,
  );
  expect([scopes.length, around.length]).toEqual([2, 1]);
});

test('an SVG is a list that says each node, and shows texts of the code as texts', async () => {
  const svg = svgOf(await layOut(await flowOfBody(BODY)));
  expect(svg).toContain('role="list" aria-label="order, version 1"');
  expect(svg).toContain('role="listitem" aria-label="call, payments.charge, undone by payments.refund, fails with CardDeclined"');
  expect(svg).toContain('&quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;');
  expect(svg).not.toMatch(/<script|on\w+=|href|url\((?!#arrow)/);
});

test('a Mermaid flowchart has a line for each node and each edge, and quotes its texts', async () => {
  const flow = await flowOfBody(BODY);
  const lines = mermaidOf(flow).split('\n');
  expect(lines[3]).toBe('flowchart TD');
  expect(lines.filter((line) => /^ {2}n\d+[[({>]/.test(line))).toHaveLength(flow.nodes.length);
  expect(lines.filter((line) => /^ {2}n\d+ (-->|-\.->)/.test(line))).toHaveLength(flow.edges.length);
  expect(lines).toContain('  n1[["tell #quot;<them>#quot;"]]:::back');
});

test('docs/fulfil-order.svg is the picture of the example; WRITE_DIAGRAM=1 writes it', async () => {
  const [flow] = await flowsOf(
    ['examples/order-fulfilment/fulfil-order.ts'],
    async (url) => (await import(url)) as Record<string, unknown>,
  );
  const svg = `${svgOf(await layOut(flow as Flow))}\n`;
  if (process.env['WRITE_DIAGRAM']) writeFileSync('docs/fulfil-order.svg', svg);
  expect(readFileSync('docs/fulfil-order.svg', 'utf8')).toBe(svg);
});
