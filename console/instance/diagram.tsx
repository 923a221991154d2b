import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { FlowView, Layout, NodeProgress } from '../../lib/console/views.ts';
import { NODE_WORDS } from '../../lib/flow/flow.ts';
import { many, visible } from '../text.tsx';

type PlacedNode = Layout['nodes'][number];
type PlacedEdge = Layout['edges'][number];

/** The code of a process as a graph: the progress of an instance on its nodes, or the number of instances at each. */
export function Diagram({ view, choose }: { readonly view: FlowView; readonly choose?: (node: PlacedNode) => void }): ReactNode {
  const { layout, progress, here = [], counts, notes } = view;
  const [zoom, setZoom] = useState<number>();
  const frame = useRef<HTMLDivElement>(null);
  const [fit, setFit] = useState(1);
  useLayoutEffect(() => {
    const seen = frame.current;
    if (!seen) return undefined;
    const observer = new ResizeObserver(() => setFit(Math.min(1, (seen.clientWidth - 4) / layout.width)));
    observer.observe(seen);
    return () => observer.disconnect();
  }, [layout.width]);
  const scale = zoom ?? fit;
  return (
    <SpaceBetween size="s">
      {notes.map((note) => (
        <Alert key={note} type="info">
          {note}
        </Alert>
      ))}
      <div className="diagram-tools">
        <DiagramLegend isRun={progress !== undefined} />
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="zoom-in" variant="icon" ariaLabel="Zoom in" onClick={() => setZoom(Math.min(3, scale * 1.25))} />
          <Button iconName="zoom-out" variant="icon" ariaLabel="Zoom out" onClick={() => setZoom(Math.max(0.2, scale / 1.25))} />
          <Button iconName="zoom-to-fit" variant="icon" ariaLabel="Fit the width" onClick={() => setZoom(undefined)} />
        </SpaceBetween>
      </div>
      <div ref={frame} className="diagram" tabIndex={0} role="group" aria-label="Diagram">
        <svg
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          width={layout.width * scale}
          height={layout.height * scale}
          role="list"
          aria-label={`${layout.flow.process}, version ${layout.flow.version}`}
          onKeyDown={(event) => followEdge(event, layout)}
        >
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 0L8 4L0 8z" className="arrow" />
            </marker>
          </defs>
          {layout.scopes
            .toSorted((one, other) => other.width * other.height - one.width * one.height)
            .map(({ x, y, width, height }) => (
              <rect key={`${x} ${y} ${width}`} className="box" x={x - width / 2} y={y - height / 2} width={width} height={height} rx={8} />
            ))}
          {layout.edges.map((edge) => (
            <Edge key={`${edge.from} ${edge.to} ${edge.label ?? ''} ${edge.kind ?? ''}`} edge={edge} isPale={isPale(edge, progress)} />
          ))}
          {layout.nodes.map((node) => (
            <Node
              key={node.id}
              node={node}
              progress={progress?.[node.id]}
              isRun={progress !== undefined}
              isHere={here.includes(node.id)}
              count={counts?.[node.id]}
              {...(choose && { choose: () => choose(node) })}
            />
          ))}
        </svg>
      </div>
    </SpaceBetween>
  );
}

function isPale({ from, to }: PlacedEdge, progress: FlowView['progress']): boolean {
  return progress !== undefined && (progress[from] === undefined || progress[to] === undefined);
}

function Edge({ edge, isPale: pale }: { readonly edge: PlacedEdge; readonly isPale: boolean }): ReactNode {
  const { points, label, kind, x = 0, y = 0 } = edge;
  const path = points.map((point, at) => `${at === 0 ? 'M' : 'L'}${point.x} ${point.y}`).join('');
  return (
    <g className={pale ? 'pale' : undefined}>
      <path className={`edge ${kind ?? ''}`} d={path} markerEnd="url(#arrow)" />
      {label !== undefined && (
        <text className={kind === 'fails' ? 'bad under' : 'small under'} x={x} y={y + 4}>
          {visible(cut(label, 20))}
        </text>
      )}
    </g>
  );
}

/** The kinds whose colour alone tells the state: each is done as soon as it is reached. */
const QUIET = new Set(['start', 'end', 'failure', 'fork', 'join', 'scope', 'compensation', 'pivot']);

interface NodeProps {
  readonly node: PlacedNode;
  readonly progress: NodeProgress | undefined;
  readonly isRun: boolean;
  readonly isHere: boolean;
  readonly count: number | undefined;
  readonly choose?: () => void;
}

function Node({ node, progress, isRun, isHere, count: number, choose }: NodeProps): ReactNode {
  const state = progress && progress.times > 0 ? stateText(progress) : undefined;
  const badge =
    number === undefined || number === 0 ? (state === undefined || QUIET.has(node.kind) ? undefined : state) : many(number, 'instance');
  const name = [
    NODE_WORDS[node.kind] ?? node.kind,
    node.label,
    ...(node.time === undefined ? [] : [node.time]),
    ...(node.undo === undefined ? [] : [`undone by ${node.undo}`]),
    ...(node.errors?.length ? [`fails with ${node.errors.join(' or ')}`] : []),
    ...(state === undefined ? (isRun ? ['not reached'] : []) : [state]),
    ...(isHere ? ['the run is here'] : []),
    ...(number ? [many(number, 'instance')] : []),
  ].join(', ');
  const style = progress
    ? `node reached ${progress.state}${isHere ? ' here' : ''}`
    : isRun && !isHere
      ? 'node pale'
      : `node${isHere ? ' here' : ''}`;
  return (
    <g role="listitem" className={style}>
      <a
        data-node={node.id}
        href={node.name === undefined ? '#' : `#${encodeURIComponent(node.name)}`}
        onClick={(event) => {
          event.preventDefault();
          choose?.();
        }}
      >
        <title>{`${visible(name)} (${node.file.split('/').at(-1)}:${node.line})`}</title>
        <g aria-hidden="true">
          <Shape node={node} />
          <Texts node={node} />
          {badge !== undefined && <Mark node={node} text={badge} isCount={!!number} />}
        </g>
      </a>
    </g>
  );
}

function Shape({ node: { kind, x, y, width, height } }: { readonly node: PlacedNode }): ReactNode {
  const [left, top] = [x - width / 2, y - height / 2];
  if (kind === 'pivot') return <path className="cut" d={`M${left} ${y + 8}h${width}`} />;
  if (kind === 'choice' || kind === 'loop' || kind === 'caught') {
    const points = `${left},${y} ${left + 14},${top} ${left + width - 14},${top} ${left + width},${y} ${left + width - 14},${top + height} ${left + 14},${top + height}`;
    return <polygon className={`shape ${kind}`} points={points} />;
  }
  const radius = kind === 'start' || kind === 'end' || kind === 'failure' ? height / 2 : kind === 'fork' || kind === 'join' ? 3 : 6;
  return <rect className={`shape ${kind}`} x={left} y={top} width={width} height={height} rx={radius} />;
}

function Texts({ node }: { readonly node: PlacedNode }): ReactNode {
  const { kind, x, y, height, label, undo, errors = [] } = node;
  const text = visible(cut(label, 36));
  const word = NODE_WORDS[kind];
  if (kind === 'pivot')
    return (
      <text className="bad" x={x} y={y + 2}>
        {text}
      </text>
    );
  if (kind === 'fork' || kind === 'join')
    return (
      <text className="onbar" x={x} y={y + 3.5}>
        {text}
      </text>
    );
  if (word === undefined)
    return (
      <text x={x} y={y + 4}>
        {text}
      </text>
    );
  const top = y - height / 2;
  const below = [...(undo === undefined ? [] : [`undo: ${undo}`]), ...errors.map((error) => `fails: ${error}`)];
  return (
    <>
      <text className="small" x={x} y={top + 15}>
        {word}
      </text>
      <text x={x} y={top + 32}>
        {text}
      </text>
      {below.map((line, at) => (
        <text key={line} className={line.startsWith('undo') ? 'back' : 'bad'} x={x} y={top + 48 + at * 15}>
          {visible(line)}
        </text>
      ))}
    </>
  );
}

/** The state or a number, at the lower right corner of the node. */
function Mark({
  node: { x, y, width, height },
  text,
  isCount,
}: {
  readonly node: PlacedNode;
  readonly text: string;
  readonly isCount: boolean;
}): ReactNode {
  const wide = text.length * 6 + 14;
  const [left, top] = [x + width / 2 - wide + 8, y + height / 2 - 8];
  return (
    <g className={isCount ? 'mark count' : 'mark'}>
      <rect x={left} y={top} width={wide} height={17} rx={8.5} />
      <text x={left + wide / 2} y={top + 12}>
        {text}
      </text>
    </g>
  );
}

function DiagramLegend({ isRun }: { readonly isRun: boolean }): ReactNode {
  if (!isRun) return <span className="quiet">From the source of the process</span>;
  return (
    <span className="legend" aria-hidden="true">
      <i className="done" /> done <i className="running" /> running <i className="waiting" /> waiting <i className="failed" /> failed{' '}
      <i className="undo" /> undone
    </span>
  );
}

/** The arrow keys follow the edges. */
function followEdge(event: KeyboardEvent, { edges }: Layout): void {
  const at = (event.target as Element).getAttribute('data-node');
  const isOn = event.key === 'ArrowDown' || event.key === 'ArrowRight';
  if (at === null || (!isOn && event.key !== 'ArrowUp' && event.key !== 'ArrowLeft')) return;
  const next = edges.filter((edge) => (isOn ? edge.from : edge.to) === at).map((edge) => (isOn ? edge.to : edge.from));
  const [id] = event.key === 'ArrowRight' || event.key === 'ArrowLeft' ? next.toReversed() : next;
  if (id === undefined) return;
  event.preventDefault();
  document.querySelector<SVGAElement>(`[data-node="${CSS.escape(id)}"]`)?.focus();
}

function stateText({ state, times, retries }: NodeProgress): string {
  return [state, ...(times > 1 ? [`×${times}`] : []), ...(retries > 0 ? [many(retries, 'retry').replace(/retrys$/, 'retries')] : [])].join(
    ' ',
  );
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
