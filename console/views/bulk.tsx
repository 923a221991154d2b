import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useState, type ReactNode } from 'react';
import type { BulkPreview, BulkRequest, BulkView, ListedBulk } from '../../lib/console/views.ts';
import { ActButton, commandLine, type Operation } from '../act.tsx';
import { LIST_EVERY, useView } from '../api.ts';
import { Go, instanceAddress, navigate, useParameter } from '../navigate.tsx';
import { Loaded, Problem } from '../problem.tsx';
import { post } from '../request.ts';
import { Ago, AsOf, count, Data, many, StatusWord } from '../text.tsx';

type BulkAct = BulkRequest['act'];

const ACTS: Readonly<Record<BulkAct, string>> = {
  resume: 'Resume',
  cancel: 'Cancel and undo',
  terminate: 'Terminate without undo',
  pause: 'Pause',
};

/** Operations on many instances: a filter, what each would do, a reason; then the jobs with their progress. */
export default function BulkPage(): ReactNode {
  return (
    <SpaceBetween size="l">
      <New />
      <Jobs />
    </SpaceBetween>
  );
}

function New(): ReactNode {
  const [where, setWhere] = useParameter('q');
  const [chosen, setAct] = useParameter('act');
  const act: BulkAct = chosen in ACTS ? (chosen as BulkAct) : 'resume';
  const [preview, setPreview] = useState<BulkPreview>();
  const [error, setError] = useState<Error>();
  const [isReading, setReading] = useState(false);
  const isCurrent = preview !== undefined && preview.where === where && preview.act === act;
  async function read(): Promise<void> {
    setReading(true);
    setError(undefined);
    try {
      setPreview(await post<BulkPreview>('/api/bulk/preview', { act, where } satisfies BulkRequest));
    } catch (failure) {
      setError(failure as Error);
    }
    setReading(false);
  }
  const options = Object.entries(ACTS).map(([value, label]) => ({ value, label }));
  return (
    <Container header={<Header variant="h1">Operate many instances</Header>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (where !== '') void read();
        }}
      >
        <SpaceBetween size="m">
          <div className="bulk-form">
            <FormField label="Operation">
              <Select
                options={options}
                selectedOption={options.find(({ value }) => value === act) ?? null}
                onChange={({ detail }) => setAct(detail.selectedOption.value ?? '')}
              />
            </FormField>
            <FormField label="Filter" stretch>
              <Input value={where} placeholder="process:book-trip status:stuck" onChange={({ detail }) => setWhere(detail.value)} />
            </FormField>
            <div className="bulk-button">
              <Button formAction="submit" loading={isReading} disabled={where === ''} disabledReason="Write a filter first.">
                Preview
              </Button>
            </div>
          </div>
          {error && <Problem error={error} />}
          {isCurrent && <Preview preview={preview} />}
        </SpaceBetween>
      </form>
    </Container>
  );
}

function Preview({ preview }: { readonly preview: BulkPreview }): ReactNode {
  return (
    <SpaceBetween size="s">
      <Alert
        type={preview.count > 0 ? 'warning' : 'info'}
        action={
          preview.count > 0 && (
            <ActButton act="bulk" variant="primary" operation={() => startJob(preview)}>
              {`${ACTS[preview.act]} ${count(preview.count, preview.more === true)}…`}
            </ActButton>
          )
        }
      >
        {many(preview.count, 'instance', preview.more === true)} would change; {many(preview.unchanged, 'other')} would not. Nothing is done
        yet.
      </Alert>
      {preview.samples.length > 0 && (
        <Table
          variant="embedded"
          contentDensity="compact"
          items={preview.samples}
          ariaLabels={{ tableLabel: 'Examples' }}
          columnDefinitions={[
            {
              id: 'id',
              header: 'For example',
              isRowHeader: true,
              cell: (row) => (
                <Go to={instanceAddress(row)}>
                  <Data>{`${row.process} ${row.id}`}</Data>
                </Go>
              ),
            },
            { id: 'status', header: 'Status', cell: (row) => <StatusWord status={row.status} /> },
            { id: 'would', header: 'It would', cell: (row) => <Data>{row.would}</Data> },
            { id: 'why', header: 'Why', cell: (row) => <Data>{row.why}</Data>, minWidth: 260 },
          ]}
        />
      )}
    </SpaceBetween>
  );
}

function startJob(preview: BulkPreview): Operation<string> {
  return {
    act: 'bulk',
    title: `${ACTS[preview.act]}: ${many(preview.count, 'instance')}`,
    verb: ACTS[preview.act],
    isGrave: true,
    explains:
      'A job of the system operates exactly the instances of the preview, one by one. It goes on if you close this page, and can be paused.',
    values: '10',
    form: (rate, change) => (
      <FormField label="Operations a second" stretch>
        <Input type="number" value={rate} onChange={({ detail }) => change(detail.value)} />
      </FormField>
    ),
    missing: (rate) => (Number(rate) > 0 ? undefined : 'Write how many operations a second.'),
    line: (rate, reason) => commandLine([preview.act], { where: preview.where, rate: rate === '10' ? '' : rate, yes: true, reason }),
    send: (rate, reason) => post<BulkView>('/api/bulk', { preview, reason, perSecond: Number(rate) }),
    done: (result) => {
      const [job] = (result as Partial<BulkView>).jobs ?? [];
      return job ? <Go to={`/bulk/${encodeURIComponent(job.id)}`}>The job has begun.</Go> : 'The job has begun.';
    },
  };
}

function Jobs(): ReactNode {
  const jobs = useView<BulkView>('/api/bulk', LIST_EVERY);
  return (
    <Loaded query={jobs}>
      {(view) => (
        <Table
          variant="container"
          contentDensity="compact"
          wrapLines
          items={view.jobs}
          ariaLabels={{ tableLabel: 'Jobs' }}
          onRowClick={({ detail }) => navigate(`/bulk/${encodeURIComponent(detail.item.id)}`)}
          header={
            <Header variant="h2" counter={`(${view.jobs.length})`} description={<AsOf at={view.asOf} />}>
              Jobs
            </Header>
          }
          empty={<Box color="text-body-secondary">No job has been started.</Box>}
          columnDefinitions={[
            {
              id: 'act',
              header: 'Job',
              isRowHeader: true,
              cell: (job) => (
                <span data-row>
                  <Go to={`/bulk/${encodeURIComponent(job.id)}`}>{ACTS[job.act] ?? job.act}</Go>
                </span>
              ),
            },
            { id: 'where', header: 'Filter', cell: (job) => <Data>{job.where}</Data> },
            { id: 'status', header: 'Status', cell: (job) => <StatusWord status={job.status} paused={job.paused !== undefined} /> },
            { id: 'progress', header: 'Progress', cell: (job) => <Progress job={job} />, minWidth: 180 },
            { id: 'reason', header: 'Reason', cell: (job) => <Data>{job.reason}</Data> },
            { id: 'by', header: 'By', cell: (job) => <Data>{job.by}</Data> },
            { id: 'started', header: 'Started', cell: (job) => <Ago at={job.started} /> },
          ]}
        />
      )}
    </Loaded>
  );
}

/** The part of a job that has its result. */
export function Progress({ job }: { readonly job: ListedBulk }): ReactNode {
  const done = job.done + job.unchanged + job.failed;
  const text = [
    `${count(job.done)} done`,
    job.unchanged > 0 && `${count(job.unchanged)} unchanged`,
    job.failed > 0 && `${count(job.failed)} failed`,
  ].filter(Boolean);
  const whole = `${text.join(', ') || 'nothing yet'} of ${count(job.of)}`;
  return (
    <ProgressBar
      value={job.of === 0 ? 100 : (100 * done) / job.of}
      ariaLabel={`Progress of ${job.act}`}
      {...(job.status === 'running'
        ? { description: whole }
        : { status: job.failed > 0 ? ('error' as const) : ('success' as const), resultText: whole })}
    />
  );
}
