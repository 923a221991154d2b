import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { useMemo, useState, type ReactNode } from 'react';
import type { SystemView } from '../../lib/console/views.ts';
import { useSystem } from '../api.ts';
import { address, listAddress, navigate } from '../navigate.tsx';
import { visible } from '../text.tsx';

interface Place {
  readonly key: string;
  readonly name: string;
  readonly kind: 'event' | 'process' | 'service';
  readonly x: number;
  readonly y: number;
  readonly to?: string;
}

interface Line {
  readonly from: string;
  readonly to: string;
  readonly says: string;
}

const [WIDE, HIGH, GAP, ACROSS] = [230, 34, 14, 130];

/** Events, processes and services, and what connects them, from the contracts. A click shows the instances. */
export default function MapPage(): ReactNode {
  const system = useSystem();
  const { places, lines, width, height } = useMemo(() => mapOf(system), [system]);
  const [chosen, setChosen] = useState<string>();
  const near = new Set(lines.filter(({ from, to }) => from === chosen || to === chosen).flatMap(({ from, to }) => [from, to]));
  const of = new Map(places.map((place) => [place.key, place]));
  return (
    <Container
      header={
        <Header
          variant="h1"
          description="From the contracts: events on the left start or reach processes, processes call services and publish events"
        >
          Map
        </Header>
      }
    >
      {places.length === 0 ? (
        <Box color="text-body-secondary">The system has no process, or it does not run.</Box>
      ) : (
        <div className="map">
          <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="list" aria-label="Map of the system">
            <defs>
              <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
                <path d="M0 0L8 4L0 8z" className="arrow" />
              </marker>
            </defs>
            {lines.map(({ from, to, says }) => {
              const [one, other] = [of.get(from), of.get(to)];
              if (!one || !other) return null;
              const isNear = chosen === undefined || from === chosen || to === chosen;
              return (
                <path
                  key={`${from} ${to} ${says}`}
                  d={curve(one, other)}
                  className={isNear ? 'map-line' : 'map-line pale'}
                  markerEnd="url(#tip)"
                >
                  <title>{`${visible(one.name)} ${says} ${visible(other.name)}`}</title>
                </path>
              );
            })}
            {places.map((place) => (
              <g
                key={place.key}
                role="listitem"
                className={chosen === undefined || chosen === place.key || near.has(place.key) ? 'map-node' : 'map-node pale'}
              >
                <a
                  href={place.to === undefined ? '#' : address(place.to)}
                  onMouseEnter={() => setChosen(place.key)}
                  onMouseLeave={() => setChosen(undefined)}
                  onFocus={() => setChosen(place.key)}
                  onBlur={() => setChosen(undefined)}
                  onClick={(event) => {
                    event.preventDefault();
                    if (place.to !== undefined) navigate(place.to);
                  }}
                >
                  <title>{`${place.kind} ${visible(place.name)}`}</title>
                  <rect x={place.x} y={place.y} width={WIDE} height={HIGH} rx={place.kind === 'event' ? 17 : 6} className={place.kind} />
                  <text x={place.x + WIDE / 2} y={place.y + 21}>
                    {visible(place.name.length > 32 ? `${place.name.slice(0, 31)}…` : place.name)}
                  </text>
                </a>
              </g>
            ))}
          </svg>
        </div>
      )}
    </Container>
  );
}

function curve(one: Place, other: Place): string {
  const isOn = other.x > one.x;
  const [x1, y1] = [isOn ? one.x + WIDE : one.x, one.y + HIGH / 2];
  const [x2, y2] = [isOn ? other.x : other.x + WIDE, other.y + HIGH / 2];
  const bend = Math.max(40, Math.abs(x2 - x1) / 2) * (isOn ? 1 : -1);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** Three columns: events that are received, processes, and what processes call or publish. */
function mapOf({ processes, services }: SystemView): {
  readonly places: readonly Place[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
} {
  const own = processes.filter(({ name }) => !name.startsWith('tutti--'));
  const received = [...new Set(own.flatMap(({ startedBy, receives }) => [...startedBy, ...receives]))];
  const published = [...new Set(own.flatMap(({ publishes }) => publishes))].filter((type) => !received.includes(type));
  const columns = [
    received.map((name) => ({ key: `event ${name}`, name, kind: 'event' as const })),
    own.map(({ name }) => ({ key: `process ${name}`, name, kind: 'process' as const, to: `/process/${encodeURIComponent(name)}` })),
    [
      ...services.map(({ name }) => ({ key: `service ${name}`, name, kind: 'service' as const, to: listAddress(`waits:${name}`) })),
      ...published.map((name) => ({ key: `event ${name}`, name, kind: 'event' as const })),
    ],
  ];
  const height = Math.max(...columns.map(({ length }) => length * (HIGH + GAP)), 1) + 8;
  const places = columns.flatMap((column, at) => {
    const top = (height - column.length * (HIGH + GAP) + GAP) / 2;
    return column.map((each, row): Place => ({ ...each, x: 4 + at * (WIDE + ACROSS), y: top + row * (HIGH + GAP) }));
  });
  const lines = own.flatMap(({ name, startedBy, receives, publishes, calls = [] }): Line[] => [
    ...startedBy.map((type) => ({ from: `event ${type}`, to: `process ${name}`, says: 'starts' })),
    ...receives
      .filter((type) => !startedBy.includes(type))
      .map((type) => ({ from: `event ${type}`, to: `process ${name}`, says: 'reaches' })),
    ...calls.map((service) => ({ from: `process ${name}`, to: `service ${service}`, says: 'is called by' })),
    ...publishes.map((type) => ({ from: `process ${name}`, to: `event ${type}`, says: 'publishes' })),
  ]);
  return { places, lines, width: 3 * WIDE + 2 * ACROSS + 8, height };
}
