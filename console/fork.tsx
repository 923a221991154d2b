import Alert from '@cloudscape-design/components/alert';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ForkPreview, ForkRequestView, ForkResult, InstanceView, TimelineStep } from '../lib/console/views.ts';
import { commandLine, type Operation } from './act.tsx';
import { Go, instanceAddress } from './navigate.tsx';
import { Problem } from './problem.tsx';
import { instancePath, post } from './request.ts';
import { Data } from './text.tsx';

interface Forking {
  readonly at: string;
  readonly to: string;
  readonly completed: string;
  readonly supersede: boolean;
}

/** Begins another instance from a cut in the journal of this one. The plan shows what becomes of the steps after it. */
export function forkOperation(view: InstanceView, at: string): Operation<Forking> {
  return forking(view, {
    at,
    title: `Fork ${view.id}`,
    verb: 'Fork',
    explains: 'A new instance adopts the journal up to the cut and goes on from there. This one stays as it is, unless it is superseded.',
    supersede: false,
  });
}

/** Goes on from a step that is open or has failed, in a fork that takes the place of this instance if it is still open. */
export function retryOperation(view: InstanceView, { path, name }: Pick<TimelineStep, 'path' | 'name'>): Operation<Forking> {
  const isOpen = view.closed === undefined;
  return forking(view, {
    at: path,
    title: `Retry ${name} of ${view.id}`,
    verb: 'Retry',
    explains: `A fork adopts all that was done before ${name}, and does ${name} again at once${
      isOpen ? `. It takes the place of ${view.id}; if the open step still succeeds there, it is undone` : ''
    }.`,
    supersede: isOpen,
  });
}

interface Cut extends Pick<Operation<Forking>, 'title' | 'verb' | 'explains'> {
  readonly at: string;
  readonly supersede: boolean;
}

function forking(view: InstanceView, { at, supersede: supersedes, ...told }: Cut): Operation<Forking> {
  const path = `${instancePath(view)}/fork`;
  const body = ({ at: cut, to, completed, supersede }: Forking): Omit<ForkRequestView, 'reason'> => ({
    at: /^\d+$/.test(cut) ? Number(cut) : cut,
    ...(to !== '' && { to }),
    ...(completed !== '' && { completed: completed as 'adopt' }),
    ...(supersede && { supersede }),
  });
  return {
    act: 'fork',
    ...told,
    values: { at, to: '', completed: '', supersede: supersedes },
    form: (values, change) => (
      <SpaceBetween size="m">
        <FormField label="Cut" description="The path of a step, the number of a journal entry, or start." stretch>
          <Input value={values.at} onChange={({ detail }) => change({ ...values, at: detail.value })} />
        </FormField>
        <FormField label="Id of the fork – optional" stretch>
          <Input value={values.to} onChange={({ detail }) => change({ ...values, to: detail.value })} />
        </FormField>
        <FormField label="Steps that were completed after the cut and need a choice" stretch>
          <Select
            options={CHOICES}
            selectedOption={CHOICES.find(({ value }) => value === values.completed) ?? null}
            onChange={({ detail }) => change({ ...values, completed: detail.selectedOption.value ?? '' })}
          />
        </FormField>
        {view.closed === undefined && (
          <Checkbox
            checked={values.supersede}
            description="It ends at once, without undoing its steps."
            onChange={({ detail }) => change({ ...values, supersede: detail.checked })}
          >
            Supersede {view.id}
          </Checkbox>
        )}
        <Plan path={`${path}/plan`} body={body(values)} />
      </SpaceBetween>
    ),
    missing: ({ at: cut }) => (cut.trim() === '' ? 'Name the cut.' : undefined),
    line: ({ at: cut, to, completed, supersede }, reason) =>
      commandLine(['fork', view.process, view.id], { at: cut, to, completed, supersede, reason }),
    send: (values, reason) => post<ForkResult>(path, { ...body(values), reason }),
    done: (result) => {
      const { id } = result as ForkResult;
      return (
        <>
          Forked as{' '}
          <Go to={instanceAddress({ process: view.process, id })} color="inverted">
            {id}
          </Go>
        </>
      );
    },
  };
}

const CHOICES = [
  { value: '', label: 'Refuse the fork if there is one' },
  { value: 'adopt', label: 'Adopt: the fork takes over their output' },
  { value: 'undo', label: 'Undo them' },
  { value: 'leave', label: 'Leave them as they are' },
];

/** The plan of the fork. It is read again at each change of the form, and changes nothing. */
function Plan({ path, body }: { readonly path: string; readonly body: Omit<ForkRequestView, 'reason'> }): ReactNode {
  const query = useQuery<ForkPreview>({
    queryKey: [path, body],
    queryFn: () => post<ForkPreview>(path, body),
    enabled: body.at !== '',
    retry: false,
  });
  if (query.error) return <Problem error={query.error} />;
  if (!query.data) return null;
  const { entries, later, refusals } = query.data;
  return (
    <Alert
      type={refusals.length > 0 ? 'warning' : 'info'}
      header={refusals.length > 0 ? 'The fork would be refused' : `It adopts ${entries} journal entries`}
    >
      {refusals.map((line) => (
        <div key={line}>
          <Data>{line}</Data>
        </div>
      ))}
      {later.map(({ n, path: step, state, choice }) => (
        <div key={n}>
          <Data>{step}</Data>: {state}, {choice ?? 'needs a choice'}
        </div>
      ))}
    </Alert>
  );
}
