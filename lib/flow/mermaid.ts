import type { Flow, FlowNode, NodeKind } from './flow.ts';

/** The brackets around the label of a node, as Mermaid's flowcharts have them. */
const SHAPES: Partial<Record<NodeKind, readonly [string, string]>> = {
  start: ['([', '])'],
  end: ['([', '])'],
  failure: ['([', '])'],
  choice: ['{{', '}}'],
  loop: ['{{', '}}'],
  caught: ['{{', '}}'],
  wait: ['>', ']'],
  timer: ['(', ')'],
  send: ['[/', '/]'],
  publish: ['[/', '/]'],
  child: ['[[', ']]'],
  compensation: ['[[', ']]'],
  undo: ['[[', ']]'],
};

const STYLES: Partial<Record<NodeKind, string>> = { end: 'good', failure: 'bad', caught: 'bad', undo: 'back', compensation: 'back' };

/** A flow as the text of a Mermaid flowchart, which GitHub and many editors draw. */
export function mermaidOf({ process, version, nodes, edges }: Flow): string {
  return [
    '---',
    `title: ${quoted(`${process}, version ${version}`)}`,
    '---',
    'flowchart TD',
    ...nodes.map((node) => `  ${node.id}${labelled(node)}${STYLES[node.kind] === undefined ? '' : `:::${STYLES[node.kind]}`}`),
    ...edges.map(({ from, to, label, kind }) => {
      const arrow = kind === undefined ? '-->' : '-.->';
      return `  ${from} ${arrow}${label === undefined ? '' : `|${quoted(label)}|`} ${to}`;
    }),
    '  classDef good fill:#dcfce7,stroke:#15803d,color:#14532d',
    '  classDef bad fill:#fee2e2,stroke:#b42318,color:#7a1c13',
    '  classDef back fill:#f3e8ff,stroke:#7e22ce,color:#581c87',
    '',
  ].join('\n');
}

function labelled(node: FlowNode): string {
  const [open, close] = SHAPES[node.kind] ?? ['[', ']'];
  const undo = node.undo === undefined ? [] : [`undo: ${node.undo}`];
  const errors = (node.errors ?? []).map((error) => `fails: ${error}`);
  return `${open}${quoted([node.label, ...undo, ...errors].join('<br>'))}${close}`;
}

/** Mermaid reads `#quot;` as a quote, and the text between quotes as it is. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '#quot;')}"`;
}
