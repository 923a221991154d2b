import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import CollectionPreferences, { type CollectionPreferencesProps } from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import PropertyFilter from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import type { InstanceRow, InstancesView } from '../../lib/console/views.ts';
import { CommandLine, commandLine, useActing } from '../act.tsx';
import { LIST_EVERY, useSystem } from '../api.ts';
import { FIELDS, tokensOf, VALUES, whereOf } from '../filter.ts';
import { later } from '../later.tsx';
import { operations } from '../later-operations.ts';
import { Go, instanceAddress, navigate, useParameter } from '../navigate.tsx';
import { NextPage } from '../next-page.tsx';
import { Problem } from '../problem.tsx';
import { get } from '../request.ts';
import { BUILT_IN, readViews, writeViews } from '../saved-views.ts';
import { Ago, AsOf, At, Data, StatusWord, Tags } from '../text.tsx';
import { ROWS, rowsPath } from '../paths.ts';

const COLUMNS: readonly (TableProps.ColumnDefinition<InstanceRow> & { readonly id: string; readonly header: string })[] = [
  {
    id: 'id',
    header: 'Id',
    cell: (row) => (
      <span data-row>
        <Go to={instanceAddress(row)}>
          <Data>{row.id}</Data>
        </Go>
      </span>
    ),
    isRowHeader: true,
    width: 210,
    minWidth: 120,
  },
  {
    id: 'status',
    header: 'Status',
    cell: (row) => <StatusWord status={row.status} paused={row.paused !== undefined} />,
    width: 130,
    minWidth: 110,
  },
  { id: 'process', header: 'Process', cell: (row) => <Data>{row.process}</Data>, width: 160, minWidth: 90 },
  { id: 'why', header: 'Why', cell: (row) => <Why row={row} />, minWidth: 260 },
  { id: 'waits', header: 'Waits since', cell: (row) => (row.waitsSince ? <Ago at={row.waitsSince} /> : '–'), width: 140, minWidth: 110 },
  { id: 'started', header: 'Started', cell: (row) => <Ago at={row.started} />, width: 140, minWidth: 110 },
  { id: 'startedAt', header: 'Start', cell: (row) => <At at={row.started} />, width: 180 },
  { id: 'closed', header: 'Ended', cell: (row) => (row.closed ? <Ago at={row.closed} /> : '–'), width: 140 },
  { id: 'version', header: 'Version', cell: (row) => row.version, width: 90 },
  { id: 'tags', header: 'Tags', cell: (row) => <Tags tags={row.tags} />, minWidth: 160 },
];

const SHOWN = new Set(['id', 'process', 'status', 'why', 'waits', 'started']);
const KEY = 'tutti.columns';

const SaveView = later(async () => (await import('./save-view.tsx')).SaveView);

type Preferences = CollectionPreferencesProps.Preferences;

/** Instances of a filter, the newest start first. The address holds the filter. */
export default function ListView(): ReactNode {
  const [where, setWhere] = useParameter('q');
  const [preferences, setPreferences] = useState<Preferences>(readPreferences);
  const [isSaving, setSaving] = useState(false);
  const system = useSystem();
  const { open, notice } = useActing();
  const pages = useInfiniteQuery({
    queryKey: ['/api/instances', where],
    queryFn: ({ pageParam, signal }) => get<InstancesView>(rowsPath(where, pageParam), signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: LIST_EVERY,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap(({ instances }) => instances) ?? [], [pages.data]);
  const query = useMemo(() => tokensOf(where), [where]);
  const options = useMemo(
    () => [
      ...VALUES,
      ...system.processes.map(({ name }) => ({ propertyKey: 'process', value: name })),
      ...system.services.flatMap(({ name, commands }) => [
        { propertyKey: 'waits', value: name },
        ...commands.map((command) => ({ propertyKey: 'waits', value: command.name })),
      ]),
      ...tagsOf(rows).map((value) => ({ propertyKey: 'tag', value })),
    ],
    [system, rows],
  );
  const saved = readViews();
  const count = `${rows.length}${pages.hasNextPage ? '+' : ''}`;
  return (
    <SpaceBetween size="m">
      <Table
        variant="full-page"
        stickyHeader
        resizableColumns
        contentDensity="compact"
        items={rows}
        trackBy={(row) => `${row.process}/${row.id}`}
        columnDefinitions={COLUMNS}
        columnDisplay={preferences.contentDisplay ?? []}
        wrapLines={preferences.wrapLines ?? false}
        loading={pages.isPending}
        loadingText="Loading instances"
        enableKeyboardNavigation={false}
        ariaLabels={{ tableLabel: 'Instances' }}
        onRowClick={({ detail }) => navigate(instanceAddress(detail.item))}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={pages.isPending ? undefined : `(${count})`}
            description={<AsOf at={pages.data?.pages[0]?.asOf} />}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <ButtonDropdown
                  items={[
                    { text: 'Built in', items: BUILT_IN.map(({ name, where: text }) => ({ id: text, text: name })) },
                    ...(saved.length > 0
                      ? [{ text: 'Saved here', items: saved.map(({ name, where: text }) => ({ id: text, text: name })) }]
                      : []),
                    { id: ' save', text: 'Save this filter…' },
                  ]}
                  onItemClick={({ detail }) => (detail.id === ' save' ? setSaving(true) : setWhere(detail.id))}
                >
                  Views
                </ButtonDropdown>
                <Button
                  disabled={where === ''}
                  disabledReason="Write a filter first."
                  onClick={() => navigate(`/bulk?${new URLSearchParams({ q: where })}`)}
                >
                  Operate all
                </Button>
                <Button
                  variant="primary"
                  onClick={() =>
                    open(
                      operations().then(({ startOperation }) =>
                        startOperation(system, query.tokens.find((token) => token.propertyKey === 'process')?.value),
                      ),
                    )
                  }
                >
                  Start an instance
                </Button>
              </SpaceBetween>
            }
          >
            Instances
          </Header>
        }
        filter={
          <div data-filter>
            <PropertyFilter
              query={query}
              onChange={({ detail }) => setWhere(whereOf(detail))}
              filteringProperties={FIELDS}
              filteringOptions={options}
              hideOperations
              countText={pages.isPending ? '' : `${count} found`}
              filteringPlaceholder="Find instances by status, process, wait, tag, or a part of the id"
              filteringAriaLabel="Filter of instances"
              expandToViewport
            />
          </div>
        }
        preferences={
          <CollectionPreferences
            title="Columns"
            confirmLabel="Keep"
            cancelLabel="Back"
            preferences={preferences}
            onConfirm={({ detail }) => {
              setPreferences(detail);
              localStorage.setItem(KEY, JSON.stringify(detail));
            }}
            wrapLinesPreference={{ label: 'Wrap lines', description: 'Show each text in full' }}
            contentDisplayPreference={{
              title: 'Columns',
              options: COLUMNS.map(({ id, header }) => ({ id, label: header, alwaysVisible: id === 'id' })),
            }}
          />
        }
        empty={
          <Box textAlign="center" padding="l">
            {pages.error ? (
              <Problem error={pages.error} />
            ) : (
              <SpaceBetween size="xs">
                <b>{where === '' ? 'No instance has been started.' : 'No instance matches.'}</b>
                {where !== '' && <Button onClick={() => setWhere('')}>Show all instances</Button>}
              </SpaceBetween>
            )}
          </Box>
        }
        footer={
          <NextPage pages={pages} end={rows.length > 0 && <span className="quiet">These are all.</span>}>
            Show {ROWS} more
          </NextPage>
        }
      />
      {pages.error && rows.length > 0 && <Problem error={pages.error} />}
      <CommandLine text={`${commandLine(['list'], { where })} ${system.option}`.trim()} />
      {isSaving && (
        <SaveView
          where={where}
          views={saved}
          close={() => setSaving(false)}
          save={(views) => {
            writeViews(views);
            notice('The saved views are kept in this browser.');
          }}
        />
      )}
    </SpaceBetween>
  );
}

function Why({ row }: { readonly row: InstanceRow }): ReactNode {
  return <Data>{row.paused ? `paused by ${row.paused.by}: ${row.paused.reason}` : row.why}</Data>;
}

function tagsOf(rows: readonly InstanceRow[]): readonly string[] {
  const all = rows.flatMap(({ tags }) => Object.entries(tags ?? {}).map(([name, value]) => `${name}=${value}`));
  return [...new Set(all)].slice(0, 200);
}

function readPreferences(): Preferences {
  const standard: Preferences = { contentDisplay: COLUMNS.map(({ id }) => ({ id, visible: SHOWN.has(id) })), wrapLines: false };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Preferences | null;
    const known = kept?.contentDisplay?.every((item) => 'id' in item && COLUMNS.some(({ id }) => id === item.id));
    return kept && known ? kept : standard;
  } catch {
    return standard;
  }
}
