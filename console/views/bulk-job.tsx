import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import type { BulkResultsView, BulkView, ListedBulk } from '../../lib/console/views.ts';
import { ActButton, commandLine, type Operation } from '../act.tsx';
import { useView } from '../api.ts';
import { Go, instanceAddress, listAddress, useParameter } from '../navigate.tsx';
import { NextPage } from '../next-page.tsx';
import { Loaded, Problem } from '../problem.tsx';
import { get, post, withParameters } from '../request.ts';
import { Ago, Data, StatusWord } from '../text.tsx';
import { Progress } from './bulk.tsx';

const PAGE = 100;
const EVERY = 2_000;

/** One job: its progress, and the result of each instance. */
export default function BulkJobPage(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const path = `/api/bulk/${id}`;
  const job = useView<BulkView>(path, EVERY);
  return <Loaded query={job}>{({ jobs: [found] }) => (found ? <Job job={found} path={path} /> : <Box>There is no such job.</Box>)}</Loaded>;
}

function Job({ job, path }: { readonly job: ListedBulk; readonly path: string }): ReactNode {
  const isOpen = job.status === 'running';
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            description={<Data>{job.id}</Data>}
            actions={
              isOpen && (
                <SpaceBetween direction="horizontal" size="xs">
                  <ActButton act="bulk" operation={() => actOn(job, job.paused ? 'resume' : 'pause')}>
                    {job.paused ? 'Resume' : 'Pause'}
                  </ActButton>
                  <ActButton act="bulk" operation={() => actOn(job, 'cancel')}>
                    Cancel the job
                  </ActButton>
                </SpaceBetween>
              )
            }
          >
            Job: {job.act}
          </Header>
        }
      >
        <SpaceBetween size="m">
          <Progress job={job} />
          <KeyValuePairs
            columns={4}
            minColumnWidth={160}
            items={[
              { label: 'Status', value: <StatusWord status={job.status} paused={job.paused !== undefined} /> },
              { label: 'Started', value: <Ago at={job.started} /> },
              { label: 'By', value: <Data>{job.by}</Data> },
              { label: 'Reason', value: <Data>{job.reason}</Data> },
              { label: 'Filter', value: <Go to={listAddress(job.where)}>{job.where}</Go> },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Results path={path} every={isOpen ? EVERY : undefined} />
    </SpaceBetween>
  );
}

function Results({ path, every }: { readonly path: string; readonly every: number | undefined }): ReactNode {
  const [result, setResult] = useParameter('result');
  const pages = useInfiniteQuery({
    queryKey: [`${path}/results`, result],
    queryFn: ({ pageParam, signal }) =>
      get<BulkResultsView>(withParameters(`${path}/results`, { result, limit: PAGE, after: pageParam }), signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    ...(every !== undefined && { refetchInterval: every }),
  });
  const rows = pages.data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <Table
      variant="container"
      contentDensity="compact"
      wrapLines
      items={rows}
      loading={pages.isPending}
      loadingText="Loading results"
      ariaLabels={{ tableLabel: 'Results' }}
      header={<Header variant="h2">Results</Header>}
      filter={
        <SegmentedControl
          label="Results"
          selectedId={result || 'all'}
          options={['all', 'done', 'unchanged', 'failed', 'open', 'left'].map((id) => ({ id, text: id }))}
          onChange={({ detail }) => setResult(detail.selectedId === 'all' ? '' : detail.selectedId)}
        />
      }
      empty={pages.error ? <Problem error={pages.error} /> : <Box color="text-body-secondary">No instance has this result.</Box>}
      columnDefinitions={[
        {
          id: 'id',
          header: 'Instance',
          isRowHeader: true,
          cell: (row) => (
            <span data-row>
              <Go to={instanceAddress(row)}>
                <Data>{`${row.process} ${row.id}`}</Data>
              </Go>
            </span>
          ),
        },
        { id: 'result', header: 'Result', cell: (row) => <StatusWord status={row.result} /> },
        { id: 'status', header: 'Status after it', cell: (row) => row.status ?? '–' },
        {
          id: 'failure',
          header: 'Failure',
          cell: (row) => (row.failure ? <Data>{`${row.failure.code}: ${row.failure.message}`}</Data> : '–'),
          minWidth: 260,
        },
      ]}
      footer={<NextPage pages={pages}>Show {PAGE} more</NextPage>}
    />
  );
}

const EXPLAINS = {
  pause: 'It sends no further operation until it is resumed.',
  resume: 'It goes on with the instances that have no result yet.',
  cancel: 'It ends. Its results stay, and the operations that it has sent take effect.',
} as const;

function actOn({ id }: ListedBulk, act: keyof typeof EXPLAINS): Operation<undefined> {
  return {
    act: 'bulk',
    title: `${act[0]?.toUpperCase()}${act.slice(1)} the job`,
    verb: `${act[0]?.toUpperCase()}${act.slice(1)}`,
    explains: EXPLAINS[act],
    isGrave: act === 'cancel',
    values: undefined,
    line: (_, reason) => commandLine(['bulk', act, id], { reason }),
    send: (_, reason) => post<BulkView>(`/api/bulk/${encodeURIComponent(id)}/${act}`, { reason }),
    done: () => 'The job has it.',
  };
}
