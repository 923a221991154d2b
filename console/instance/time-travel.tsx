import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Slider from '@cloudscape-design/components/slider';
import { useEffect, useState, type ReactNode } from 'react';
import type { InstanceView, JournalView } from '../../lib/console/views.ts';
import { useView } from '../api.ts';
import { instancePath, withParameters } from '../request.ts';
import { At, Data } from '../text.tsx';

/** Shows the timeline and the diagram as after one journal entry. */
export function TimeTravel({
  view,
  number,
  at,
  choose,
}: {
  readonly view: InstanceView;
  readonly number: number | undefined;
  /** The index of the entry. */
  readonly at: number;
  readonly choose: (at: number | undefined) => void;
}): ReactNode {
  const last = view.entries - 1;
  const [moved, setMoved] = useState(at);
  useEffect(() => setMoved(at), [at]);
  useEffect(() => {
    if (moved === at) return undefined;
    const timer = setTimeout(() => choose(moved >= last ? undefined : moved), 150);
    return () => clearTimeout(timer);
  }, [moved, at, last, choose]);
  const entry = useView<JournalView>(withParameters(`${instancePath(view)}/journal`, { before: at + 1, limit: 1, number }));
  const row = entry.data?.rows.find(({ index }) => index === at);
  return (
    <Alert
      type="info"
      action={
        <Button onClick={() => choose(undefined)} variant="primary">
          Back to now
        </Button>
      }
    >
      <div className="travel">
        <Button
          iconName="angle-left"
          variant="icon"
          ariaLabel="The entry before"
          disabled={moved <= 0}
          onClick={() => setMoved(moved - 1)}
        />
        <div className="travel-slider">
          <Slider
            value={moved}
            min={0}
            max={last}
            ariaLabel="Journal entry"
            hideFillLine={false}
            onChange={({ detail }) => setMoved(detail.value)}
          />
        </div>
        <Button
          iconName="angle-right"
          variant="icon"
          ariaLabel="The next entry"
          disabled={moved >= last}
          onClick={() => setMoved(moved + 1)}
        />
      </div>
      As after entry {at} of {last}
      {row && (
        <>
          : <At at={row.at} milliseconds />, {row.entry.type} {row.path !== undefined && <Data>{row.path}</Data>}
        </>
      )}
    </Alert>
  );
}
