import Box from '@cloudscape-design/components/box';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import type { InstanceView, JournalRow, JournalView, ValueView } from '../../lib/console/views.ts';
import { useView } from '../api.ts';
import { JsonText } from '../json.tsx';
import { NextPage } from '../next-page.tsx';
import { Loaded, Problem } from '../problem.tsx';
import { get, instancePath, withParameters } from '../request.ts';
import { At, Data, many } from '../text.tsx';

const PAGE = 500;

/** The journal from its end: facts and decisions, each a link. Entries that matter only to the engine are hidden at first. */
export function Journal({
  view,
  number,
  chosen,
}: {
  readonly view: InstanceView;
  readonly number: number | undefined;
  readonly chosen: string;
}): ReactNode {
  const path = `${instancePath(view)}/journal`;
  const [kind, setKind] = useState('told');
  const [text, setText] = useState('');
  const pages = useInfiniteQuery({
    queryKey: [path, number],
    queryFn: ({ pageParam, signal }) => get<JournalView>(withParameters(path, { before: pageParam, limit: PAGE, number }), signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.from === 0 ? undefined : last.from),
  });
  const chosenAt = /^n(\d+)$/.exec(chosen)?.[1];
  useEffect(() => {
    if (chosenAt !== undefined && pages.data) document.getElementById(`n${chosenAt}`)?.scrollIntoView({ block: 'center' });
  }, [chosenAt, pages.data]);
  if (pages.error && !pages.data) return <Problem error={pages.error} />;
  const rows = pages.data?.pages.flatMap(({ rows: page }) => page.toReversed()) ?? [];
  const total = pages.data?.pages[0]?.total ?? 0;
  const words = text.trim().toLowerCase();
  const shown = rows.filter((row) => isShown(row, kind) && (words === '' || searched(row).includes(words)));
  return (
    <SpaceBetween size="s">
      <div className="journal-tools">
        <SegmentedControl
          selectedId={kind}
          label="Entries"
          options={[
            { id: 'told', text: 'Told' },
            { id: 'fact', text: 'Facts' },
            { id: 'decision', text: 'Decisions' },
            { id: 'bad', text: 'Failures' },
            { id: 'all', text: 'All' },
          ]}
          onChange={({ detail }) => setKind(detail.selectedId)}
        />
        <TextFilter
          filteringText={text}
          filteringPlaceholder="Find a path, a type or a text"
          filteringAriaLabel="Filter of the journal"
          countText={many(shown.length, 'entry').replace('entrys', 'entries')}
          onChange={({ detail }) => setText(detail.filteringText)}
        />
      </div>
      <ol className="journal" aria-label="Journal, the newest entry first">
        {shown.map((row) => (
          <Entry key={row.index} row={row} values={`${instancePath(view)}/values`} isChosen={chosenAt === String(row.index)} />
        ))}
      </ol>
      {shown.length === 0 && !pages.isPending && (
        <Box textAlign="center" color="text-body-secondary">
          No entry matches.
        </Box>
      )}
      <NextPage pages={pages} end={pages.data && <span className="quiet">The run begins here.</span>}>
        Show {PAGE} earlier entries of {total.toLocaleString('en')}
      </NextPage>
    </SpaceBetween>
  );
}

/** A value that lies outside the journal because it is large. */
function Large({ path }: { readonly path: string }): ReactNode {
  const [isShown, setShown] = useState(false);
  const query = useView<ValueView>(isShown ? path : undefined);
  if (!isShown)
    return (
      <button type="button" className="plain-button" onClick={() => setShown(true)}>
        Show the value
      </button>
    );
  return <Loaded query={query}>{({ value }) => <JsonText label="Value" value={value} />}</Loaded>;
}

function Entry({ row, values, isChosen }: { readonly row: JournalRow; readonly values: string; readonly isChosen: boolean }): ReactNode {
  const [isOpen, setOpen] = useState(isChosen);
  const { index, at, kind, entry, path, text, tone = 'plain', by } = row;
  return (
    <li id={`n${index}`} className={`entry ${kind} ${tone}${isChosen ? ' chosen' : ''}`}>
      <div className="entry-line">
        <a className="entry-number number" href={`#n${index}`} title="The address of this entry">
          {index}
        </a>
        <At at={at} milliseconds />
        <button type="button" data-row className="entry-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span className="entry-type">{entry.type}</span>
          {path !== undefined && (
            <span className="code">
              <Data>{path}</Data>
            </span>
          )}
          {text !== undefined && (
            <span className="entry-text">
              <Data>{text}</Data>
            </span>
          )}
          {by !== undefined && (
            <span className="quiet">
              by <Data>{by}</Data>
            </span>
          )}
        </button>
      </div>
      {isOpen && <JsonText label={`Entry ${index}`} value={entry} />}
      {isOpen && typeof entry['dataref'] === 'string' && <Large path={`${values}/${encodeURIComponent(entry['dataref'])}`} />}
    </li>
  );
}

function isShown({ kind, tone, text, by }: JournalRow, wanted: string): boolean {
  if (wanted === 'all') return true;
  if (wanted === 'bad') return tone === 'bad';
  if (wanted === 'told') return text !== undefined || by !== undefined;
  return kind === wanted;
}

function searched({ entry, path = '', text = '', by = '' }: JournalRow): string {
  return `${entry.type} ${path} ${text} ${by}`.toLowerCase();
}
