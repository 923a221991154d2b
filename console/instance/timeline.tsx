import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useLayoutEffect, useMemo, useRef, useState, type PointerEvent, type ReactNode } from 'react';
import type { TimelineStep, TimelineView } from '../../lib/console/views.ts';
import { stepRow } from '../keys.ts';
import { Data, local, many, span, visible } from '../text.tsx';

const ROW = 28;
const HEIGHT_MAX = 580;
/** Rows beyond the seen ones that are drawn, so that scrolling shows no gap. */
const AROUND = 12;
/** The least width of a bar, in pixels. */
const LEAST = 3;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The steps of a run as bars over time: running, waiting and undo, with a tick for each attempt. Only the rows in sight are drawn. */
export function Timeline({
  view,
  chosen,
  more,
  isOpen,
}: {
  readonly view: TimelineView;
  /** The path of the step that the address names. */
  readonly chosen: string;
  /** Loads more steps. Absent: all are here. */
  readonly more?: () => void;
  readonly isOpen: boolean;
}): ReactNode {
  const [showsSends, setShowsSends] = useState(false);
  const [zoom, setZoom] = useState<Span>();
  const [top, setTop] = useState(0);
  const [width, setWidth] = useState(600);
  const frame = useRef<HTMLDivElement>(null);
  const sends = view.steps.filter(({ kind }) => kind === 'send').length;
  const steps = useMemo(() => (showsSends ? view.steps : view.steps.filter(({ kind }) => kind !== 'send')), [view.steps, showsSends]);
  const whole = useMemo(() => wholeSpan(view), [view]);
  const range = zoom ?? whole;
  useLayoutEffect(() => {
    const seen = frame.current;
    if (!seen) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.max(120, seen.clientWidth - labelWidth(seen.clientWidth))));
    observer.observe(seen);
    return () => observer.disconnect();
  }, []);
  const at = steps.findIndex(({ path }) => path === chosen);
  useLayoutEffect(() => {
    const seen = frame.current;
    if (!seen || at < 0) return;
    if (at * ROW < seen.scrollTop || (at + 1) * ROW > seen.scrollTop + seen.clientHeight)
      seen.scrollTop = Math.max(0, at * ROW - seen.clientHeight / 2);
  }, [at]);
  const first = Math.max(0, Math.floor(top / ROW) - AROUND);
  const last = Math.min(steps.length, Math.ceil((top + HEIGHT_MAX) / ROW) + AROUND);
  const scale = (time: number): number => ((time - range.from) / (range.to - range.from)) * width;
  /** Tab stops at one row, and the arrow keys move along the others: what follows the timeline must not be hundreds of stops away. */
  const stop = at >= first && at < last ? at : first;
  return (
    <div className="timeline">
      <div className="timeline-tools">
        <Legend />
        <SpaceBetween direction="horizontal" size="xs" alignItems="center">
          {sends > 0 && (
            <Toggle checked={showsSends} onChange={({ detail }) => setShowsSends(detail.checked)}>
              {many(sends, 'send')}
            </Toggle>
          )}
          <Button iconName="zoom-in" variant="icon" ariaLabel="Zoom in" onClick={() => setZoom(zoomed(range, whole, 0.5))} />
          <Button
            iconName="zoom-out"
            variant="icon"
            ariaLabel="Zoom out"
            disabled={!zoom}
            onClick={() => setZoom(zoomed(range, whole, 2))}
          />
          <Button
            iconName="zoom-to-fit"
            variant="icon"
            ariaLabel="Show the whole run"
            disabled={!zoom}
            onClick={() => setZoom(undefined)}
          />
        </SpaceBetween>
      </div>
      {more && (
        <div className="timeline-more">
          The last {view.steps.length.toLocaleString('en')} of {view.total.toLocaleString('en')} steps.{' '}
          <button type="button" className="plain-button" onClick={more}>
            Show more
          </button>
        </div>
      )}
      <Axis range={range} width={width} choose={setZoom} />
      <div
        ref={frame}
        className="timeline-rows"
        style={{ height: Math.min(HEIGHT_MAX, Math.max(1, steps.length) * ROW + 2) }}
        tabIndex={0}
        role="list"
        aria-label="Timeline of the steps"
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div className="timeline-all" style={{ height: steps.length * ROW }}>
          {steps.slice(first, last).map((step, index) => (
            <Row
              key={step.path}
              step={step}
              at={first + index}
              of={steps.length}
              isChosen={step.path === chosen}
              isStop={first + index === stop}
              scale={scale}
              width={width}
              now={isOpen ? whole.to : undefined}
            />
          ))}
        </div>
      </div>
      {steps.length === 0 && (
        <Box textAlign="center" padding="m" color="text-body-secondary">
          The run has no step yet.
        </Box>
      )}
    </div>
  );
}

function Row({
  step,
  at,
  of,
  isChosen,
  isStop,
  scale,
  width,
  now,
}: {
  readonly step: TimelineStep;
  readonly at: number;
  readonly of: number;
  readonly isChosen: boolean;
  readonly isStop: boolean;
  readonly scale: (time: number) => number;
  readonly width: number;
  readonly now: number | undefined;
}): ReactNode {
  const end = step.to === undefined ? now : Date.parse(step.to);
  const taken = end === undefined ? '' : span(end - Date.parse(step.from));
  const right = Math.min(width, Math.max(0, scale(end ?? Date.parse(step.from))));
  const textAt = right + 6 + taken.length * 7 > width ? undefined : right + 6;
  return (
    <div role="listitem" aria-setsize={of} aria-posinset={at + 1} className="timeline-item" style={{ top: at * ROW }}>
      <a
        data-row
        href={`#${encodeURIComponent(step.path)}`}
        tabIndex={isStop ? 0 : -1}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') stepRow(event.nativeEvent, event.key === 'ArrowDown' ? 1 : -1);
        }}
        className={`timeline-row ${step.state}${isChosen ? ' chosen' : ''}`}
        aria-current={isChosen ? 'true' : undefined}
      >
        <span className="spoken">{spoken(step, taken)}</span>
        <span aria-hidden="true" className="timeline-name" style={{ paddingInlineStart: 10 + Math.min(6, step.scope.length) * 14 }}>
          <span className={`sign ${step.state}`} aria-hidden="true">
            {SIGNS[step.state]}
          </span>
          <span className="kind">{KINDS[step.kind]}</span>
          <span className="name" title={step.path}>
            <Data>{step.name}</Data>
          </span>
        </span>
        <svg width={width} height={ROW} aria-hidden="true">
          {step.kind === 'scope' || step.kind === 'compensation' ? (
            <Bracket from={scale(Date.parse(step.from))} to={right} width={width} />
          ) : (
            step.parts.map((part) => {
              const from = scale(Date.parse(part.from));
              const to = scale(part.to === undefined ? (now ?? Date.parse(part.from)) : Date.parse(part.to));
              if (to < 0 || from > width) return null;
              const left = Math.max(0, from);
              return (
                <rect
                  key={`${part.kind} ${part.from}`}
                  className={`part ${part.kind} ${step.state}`}
                  x={left}
                  y={7}
                  width={Math.max(LEAST, Math.min(width, to) - left)}
                  height={14}
                  rx={2}
                />
              );
            })
          )}
          {step.attempts.map(({ at: instant, failed }) => {
            const x = scale(Date.parse(instant));
            return x < 0 || x > width ? null : (
              <line key={instant} className={failed === undefined ? 'attempt' : 'attempt failed'} x1={x} x2={x} y1={4} y2={24} />
            );
          })}
          {step.kind !== 'scope' &&
            step.kind !== 'compensation' &&
            textAt !== undefined &&
            scale(Date.parse(step.from)) <= width &&
            right > 0 && (
              <text className="taken" x={textAt} y={18}>
                {taken}
              </text>
            )}
        </svg>
      </a>
    </div>
  );
}

function Bracket({ from, to, width }: { readonly from: number; readonly to: number; readonly width: number }): ReactNode {
  const left = Math.max(0, from);
  const right = Math.max(left + LEAST, Math.min(width, to));
  return <path className="bracket" d={`M${left} 20V11H${right}V20`} />;
}

/** The times above the bars. A drag over it zooms. */
function Axis({
  range,
  width,
  choose,
}: {
  readonly range: Span;
  readonly width: number;
  readonly choose: (range: Span) => void;
}): ReactNode {
  const [drag, setDrag] = useState<Span>();
  const time = (event: PointerEvent<SVGSVGElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return range.from + (Math.min(Math.max(event.clientX - box.left, 0), width) / width) * (range.to - range.from);
  };
  const scale = (at: number): number => ((at - range.from) / (range.to - range.from)) * width;
  return (
    <div className="timeline-axis">
      <span className="timeline-start number">{local(range.from)}</span>
      <svg
        width={width}
        height={26}
        aria-hidden="true"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: time(event), to: time(event) });
        }}
        onPointerMove={(event) => drag && setDrag({ from: drag.from, to: time(event) })}
        onPointerUp={() => {
          if (drag && Math.abs(scale(drag.to) - scale(drag.from)) > 6)
            choose({ from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) });
          setDrag(undefined);
        }}
      >
        {ticks(range, width).map(({ at, text }) => (
          <g key={at}>
            <line className="tick" x1={scale(at)} x2={scale(at)} y1={18} y2={26} />
            <text className="tick-text" x={scale(at)} y={13}>
              {text}
            </text>
          </g>
        ))}
        {drag && (
          <rect
            className="brush"
            x={Math.min(scale(drag.from), scale(drag.to))}
            y={0}
            width={Math.abs(scale(drag.to) - scale(drag.from))}
            height={26}
          />
        )}
      </svg>
    </div>
  );
}

function Legend(): ReactNode {
  return (
    <span className="legend" aria-hidden="true">
      <i className="running" /> running <i className="done" /> done <i className="failed" /> failed <i className="waiting" /> waiting{' '}
      <i className="undo" /> undo <i className="tick" /> attempt
    </span>
  );
}

const SIGNS: Readonly<Record<TimelineStep['state'], string>> = {
  open: '●',
  done: '✓',
  failed: '✗',
  cancelled: '⊘',
  unknown: '?',
  undone: '↩',
};
const KINDS: Readonly<Record<TimelineStep['kind'], string>> = {
  command: 'call',
  step: 'run',
  child: 'child',
  timer: 'timer',
  wait: 'wait',
  send: 'send',
  publish: 'publish',
  answer: 'answer',
  scope: 'scope',
  compensation: 'compensate',
};

function spoken({ kind, name, state, attempts, failure, parts }: TimelineStep, taken: string): string {
  const tries = attempts.filter(({ failed }) => failed !== undefined).length;
  const waits = state === 'open' && parts.at(-1)?.kind === 'waiting' ? 'waits' : state;
  return [
    `${KINDS[kind]} ${visible(name)}`,
    waits,
    taken,
    ...(tries > 0 ? [`${tries} failed`] : []),
    ...(failure === undefined ? [] : [visible(failure)]),
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function wholeSpan({ started, until }: TimelineView): Span {
  const from = Date.parse(started);
  return { from, to: Math.max(Date.parse(until), from + 10) };
}

function zoomed({ from, to }: Span, whole: Span, factor: number): Span | undefined {
  const middle = (from + to) / 2;
  const half = Math.max(2, ((to - from) * factor) / 2);
  if (half * 2 >= whole.to - whole.from) return undefined;
  const start = Math.min(Math.max(whole.from, middle - half), whole.to - half * 2);
  return { from: start, to: start + half * 2 };
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000,
  21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000, 2_592_000_000, 31_536_000_000,
];

/** Times since the start of the range, at round distances. */
function ticks({ from, to }: Span, width: number): readonly { readonly at: number; readonly text: string }[] {
  const wanted = (to - from) / Math.max(2, width / 110);
  const step = STEPS.find((each) => each >= wanted) ?? STEPS.at(-1) ?? 1;
  const found: { at: number; text: string }[] = [];
  for (let at = from + step; at < to - step / 3; at += step) found.push({ at, text: `+${span(at - from)}` });
  return found;
}

function labelWidth(all: number): number {
  return all < 640 ? 150 : 300;
}
