import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type {
  AskResult,
  InstanceRef,
  InstanceView,
  Json,
  JsonSchema,
  OperatedResult,
  SignalResult,
  StartResult,
  SystemView,
} from '../lib/console/views.ts';
import { commandLine, eventsOf, type Operation } from './act.tsx';
import { JsonText } from './json.tsx';
import { Go, instanceAddress } from './navigate.tsx';
import { instancePath, post } from './request.ts';
import { initialValue, missingMember, SchemaForm } from './schema-form.tsx';
import { Data } from './text.tsx';

/** An operation without values beside the reason. */
type Plain = Operation<undefined>;

export function cancelOperation(name: InstanceRef): Plain {
  return {
    ...ending(name, 'cancel'),
    title: `Cancel ${name.id}`,
    verb: 'Cancel and undo',
    isGrave: true,
    explains: 'Its completed steps are undone, the newest first, and then it ends as cancelled. A step that has no undo stays done.',
  };
}

export function terminateOperation(name: InstanceRef): Plain {
  return {
    ...ending(name, 'terminate'),
    title: `Terminate ${name.id}`,
    verb: 'Terminate without undo',
    isGrave: true,
    explains: 'It ends at once. Nothing is undone: what it has booked or charged stays so, and the page lists it afterwards.',
  };
}

export function eraseOperation(name: InstanceRef): Operation<{ readonly abandon: boolean }> {
  return {
    act: 'erase',
    title: `Erase the data of ${name.id}`,
    verb: 'Erase for good',
    isGrave: true,
    explains: 'Its journal, view, tags and large values go, and so do the events that are parked beside it. Its id, status and times stay.',
    values: { abandon: false },
    form: ({ abandon }, change) => (
      <Checkbox
        checked={abandon}
        onChange={({ detail }) => change({ abandon: detail.checked })}
        description="Without it, a command whose late success would be undone keeps the data."
      >
        Give up undos of late successes
      </Checkbox>
    ),
    line: ({ abandon }, reason) => commandLine(['erase', name.process, name.id], { 'abandon-undos': abandon, reason }),
    send: ({ abandon }, reason) => post<OperatedResult>(`${instancePath(name)}/erase`, { reason, ...(abandon && { abandon }) }),
    done: operated(name),
  };
}

function ending(name: InstanceRef, act: 'cancel' | 'terminate'): Pick<Plain, 'act' | 'values' | 'line' | 'send' | 'done'> {
  return {
    act,
    values: undefined,
    line: (_, reason) => commandLine([act, name.process, name.id], { reason }),
    send: (_, reason) => post<OperatedResult>(`${instancePath(name)}/${act}`, { reason }),
    done: operated(name, act === 'cancel'),
  };
}

export function pauseOperation(name: InstanceRef): Operation<{ readonly clock: 'stop' | 'run' }> {
  return {
    act: 'pause',
    title: `Pause ${name.id}`,
    verb: 'Pause',
    explains: 'Commands in flight finish. Replies and events are kept, and nothing is decided, sent or retried until it is resumed.',
    values: { clock: 'stop' },
    form: ({ clock }, change) => (
      <FormField label="Clock" stretch>
        <RadioGroup
          value={clock}
          items={[
            { value: 'stop', label: 'Stops', description: 'Timers, time-outs and limits keep the time that they have left.' },
            { value: 'run', label: 'Runs on', description: 'Timers and limits that pass take effect at the resume.' },
          ]}
          onChange={({ detail }) => change({ clock: detail.value as 'stop' | 'run' })}
        />
      </FormField>
    ),
    line: ({ clock }, reason) => commandLine(['pause', name.process, name.id], { clock: clock === 'run' && 'run', reason }),
    send: ({ clock }, reason) => post<OperatedResult>(`${instancePath(name)}/pause`, { reason, clock }),
    done: operated(name),
  };
}

interface Resuming {
  readonly version: string;
  readonly skip: boolean;
}

export function resumeOperation(view: InstanceView, versions: readonly number[]): Operation<Resuming> {
  const { stuckStep } = view;
  const isPaused = view.paused !== undefined;
  return {
    act: 'resume',
    title: `Resume ${view.id}`,
    verb: 'Resume',
    explains: isPaused
      ? 'The events and replies that were kept are handled in the order of their arrival.'
      : 'It tries again what it was stuck on. Deploy the fix first: without one it gets stuck again.',
    values: { version: '', skip: false },
    ...(!isPaused && {
      form: ({ version, skip }: Resuming, change: (values: Resuming) => void) => (
        <SpaceBetween size="s">
          {versions.length > 1 && (
            <FormField label="Version" description="Its journal is replayed on this version first." stretch>
              <Version versions={versions} own={view.version} chosen={version} choose={(next) => change({ version: next, skip })} />
            </FormField>
          )}
          {stuckStep !== undefined && (
            <Checkbox
              checked={skip}
              description="For an undo or a compensation that an operator has done by hand."
              onChange={({ detail }) => change({ version, skip: detail.checked })}
            >
              Skip the step <Data>{stuckStep}</Data>
            </Checkbox>
          )}
        </SpaceBetween>
      ),
    }),
    line: ({ version, skip }, reason) => commandLine(['resume', view.process, view.id], { version, skip: skip && stuckStep, reason }),
    send: ({ version, skip }, reason) =>
      post<OperatedResult>(`${instancePath(view)}/resume`, {
        reason,
        ...(version !== '' && { version: Number(version) }),
        ...(skip && stuckStep !== undefined && { skip: stuckStep }),
      }),
    done: operated(view),
  };
}

export function moveOperation(view: InstanceView, versions: readonly number[]): Operation<string> {
  return {
    act: 'move',
    title: `Move ${view.id} to another version`,
    verb: 'Move',
    explains: `It runs on version ${view.version}. Its journal is replayed on the other version first; if the replay differs, it goes on as it was.`,
    values: '',
    form: (version, change) => (
      <FormField label="Version" stretch>
        <Version versions={versions.filter((each) => each !== view.version)} own={undefined} chosen={version} choose={change} />
      </FormField>
    ),
    missing: (version) => (version === '' ? 'Choose a version.' : undefined),
    line: (version, reason) => commandLine(['move', view.process, view.id], { to: version || '…', reason }),
    send: (version, reason) => post<OperatedResult>(`${instancePath(view)}/move`, { reason, version: Number(version) }),
    done: operated(view),
  };
}

function Version({
  versions,
  own,
  chosen,
  choose,
}: {
  readonly versions: readonly number[];
  readonly own: number | undefined;
  readonly chosen: string;
  readonly choose: (version: string) => void;
}): ReactNode {
  const options = [
    ...(own === undefined ? [] : [{ value: '', label: `${own}, its own` }]),
    ...versions.filter((each) => each !== own).map((each) => ({ value: String(each), label: String(each) })),
  ];
  return (
    <Select
      options={options}
      placeholder="Choose a version"
      selectedOption={options.find(({ value }) => value === chosen) ?? null}
      onChange={({ detail }) => choose(detail.selectedOption.value ?? '')}
    />
  );
}

/** The outcome of a command: an output, or a declared error, or a text. */
export interface Outcome {
  readonly kind: string;
  readonly value: Json | undefined;
  readonly message: string;
}

export interface Resolving extends InstanceRef {
  readonly step: string;
  readonly command: string;
}

const OUTPUT = 'It succeeded';

/** Answers an open command in place of its service: the inbox of people, and commands whose outcome an operator has found out. */
export function resolveOperation(system: SystemView, task: Resolving, isTask = false): Operation<Outcome> {
  const command = commandNamed(system, task.command);
  const output: JsonSchema = command?.output ?? {};
  const schemaOf = (kind: string): JsonSchema => (kind === OUTPUT ? output : (command?.errors[kind] ?? {}));
  const body = ({ kind, value, message }: Outcome): object =>
    kind === OUTPUT
      ? { output: value }
      : { failure: { type: kind, ...(message !== '' && { message }), ...(value !== undefined && { data: value }) } };
  return {
    act: 'resolve',
    title: `${isTask ? 'Answer' : 'Resolve'} ${task.command}`,
    verb: isTask ? 'Answer' : 'Resolve',
    explains: isTask
      ? 'The process goes on with this answer.'
      : 'Look the command up in the called system first: the process goes on with the outcome that you give here.',
    values: { kind: OUTPUT, value: initialValue(output), message: '' },
    form: (values, change) => (
      <SpaceBetween size="m">
        <FormField label="Outcome" stretch>
          <RadioGroup
            value={values.kind}
            items={[
              { value: OUTPUT, label: OUTPUT },
              ...Object.keys(command?.errors ?? {}).map((name) => ({ value: name, label: `It failed: ${name}` })),
            ]}
            onChange={({ detail }) => change({ kind: detail.value, value: initialValue(schemaOf(detail.value)), message: '' })}
          />
        </FormField>
        <SchemaForm
          key={values.kind}
          label={values.kind === OUTPUT ? 'Output' : 'Data of the error'}
          schema={schemaOf(values.kind)}
          value={values.value}
          change={(value) => change({ ...values, value })}
        />
        {values.kind !== OUTPUT && (
          <FormField label="Message – optional" stretch>
            <Input value={values.message} onChange={({ detail }) => change({ ...values, message: detail.value })} />
          </FormField>
        )}
      </SpaceBetween>
    ),
    missing: ({ kind, value }) => missingMember(schemaOf(kind), value),
    line: (values, reason) =>
      commandLine(['resolve', task.process, task.id, task.step], {
        ...Object.fromEntries(Object.entries(body(values)).map(([name, value]) => [name, JSON.stringify(value ?? null)])),
        reason,
      }),
    send: (values, reason) => post<OperatedResult>(`${instancePath(task)}/resolve`, { reason, step: task.step, ...body(values) }),
    done: operated(task),
  };
}

function commandNamed(system: SystemView, name: string): SystemView['services'][number]['commands'][number] | undefined {
  return system.services.flatMap(({ commands }) => commands).find((command) => command.name === name);
}

interface Starting {
  readonly process: string;
  readonly id: string;
  readonly input: Json | undefined;
}

export function startOperation(system: SystemView, process = ''): Operation<Starting> {
  const names = system.processes.filter(({ input }) => input !== undefined).map(({ name }) => name);
  const first = names.includes(process) ? process : (names[0] ?? '');
  const schemaOf = (name: string): JsonSchema => system.processes.find((each) => each.name === name)?.input ?? {};
  return {
    act: 'start',
    title: 'Start an instance',
    verb: 'Start',
    hasReason: false,
    explains:
      names.length === 0 ? 'Only events start the processes of this system: publish one.' : 'It begins at once, on the newest version.',
    values: { process: first, id: '', input: initialValue(schemaOf(first)) },
    form: (values, change) => (
      <SpaceBetween size="m">
        <FormField label="Process" stretch>
          <Select
            options={names.map((name) => ({ value: name, label: name }))}
            selectedOption={values.process === '' ? null : { value: values.process, label: values.process }}
            onChange={({ detail }) => {
              const name = detail.selectedOption.value ?? '';
              change({ ...values, process: name, input: initialValue(schemaOf(name)) });
            }}
          />
        </FormField>
        <FormField label="Id – optional" description="At most one instance with this id is open. Empty: a new id." stretch>
          <Input value={values.id} onChange={({ detail }) => change({ ...values, id: detail.value })} />
        </FormField>
        <SchemaForm
          key={values.process}
          label="Input"
          schema={schemaOf(values.process)}
          value={values.input}
          change={(input) => change({ ...values, input })}
        />
      </SpaceBetween>
    ),
    missing: (values) => (values.process === '' ? 'Choose a process.' : missingMember(schemaOf(values.process), values.input)),
    line: ({ process: name, id, input }) => commandLine(['start', name || '…', JSON.stringify(input ?? null)], { id }),
    send: ({ process: name, id, input }) =>
      post<StartResult>(`/api/processes/${encodeURIComponent(name)}/start`, { input, ...(id !== '' && { id }) }),
    done: (result, { process: name }) => {
      const { id } = result as StartResult;
      return (
        <>
          Started: <Go to={instanceAddress({ process: name, id })}>{id}</Go>
        </>
      );
    },
  };
}

interface Event {
  readonly type: string;
  readonly data: Json | undefined;
}

/** `example`: the event with which the form begins. @default the first type that starts an instance */
export function publishOperation(system: SystemView, example?: Event): Operation<Event> {
  const operation = eventOperation({
    act: 'publish',
    title: 'Publish an event',
    verb: 'Publish',
    explains: 'The event goes to the bus, as from any publisher: it may start instances, and reach those that wait for it.',
    types: system.events.toSorted((one, other) => Number(isStart(system, other.type)) - Number(isStart(system, one.type))),
    line: (type, data) => commandLine(['publish', type, data]),
    send: ({ type, data }) => post(`/api/events/${encodeURIComponent(type)}`, { data }),
    done: () => 'Published.',
  });
  return example ? { ...operation, values: example } : operation;
}

/** Whether an instance of a process begins with the event. */
function isStart({ processes }: SystemView, type: string): boolean {
  return processes.some(({ startedBy }) => startedBy.includes(type));
}

export function signalOperation(system: SystemView, name: InstanceRef): Operation<Event> {
  return eventOperation({
    act: 'signal',
    title: `Send an event to ${name.id}`,
    verb: 'Send',
    explains: 'Only this instance receives it.',
    types: eventsOf(system, name, false),
    line: (type, data) => commandLine(['signal', name.process, name.id, type, data]),
    send: ({ type, data }) => post(`${instancePath(name)}/signal`, { event: type, data }),
    done: (result) => {
      const { keptUntil } = result as SignalResult;
      return keptUntil === undefined ? 'Sent.' : `Sent. It waits for the start of the instance until ${keptUntil}.`;
    },
  });
}

export function askOperation(system: SystemView, name: InstanceRef): Operation<Event> {
  return eventOperation({
    act: 'ask',
    title: `Ask ${name.id}`,
    verb: 'Ask',
    explains: 'The instance receives the question and answers it; the answer is journaled.',
    types: eventsOf(system, name, true),
    line: (type, data) => commandLine(['ask', name.process, name.id, type, data]),
    send: ({ type, data }) => post(`${instancePath(name)}/ask`, { event: type, data }),
    done: (result) => <JsonText label="Answer" value={(result as AskResult).answer} />,
  });
}

interface EventForm extends Pick<Operation<Event>, 'act' | 'title' | 'verb' | 'done'> {
  readonly explains: string;
  readonly types: SystemView['events'];
  readonly line: (type: string, data: string) => string;
  readonly send: (event: Event) => Promise<unknown>;
}

function eventOperation({ types, line, send, ...rest }: EventForm): Operation<Event> {
  const [first] = types;
  const schemaOf = (type: string): JsonSchema => types.find((each) => each.type === type)?.data ?? {};
  return {
    ...rest,
    hasReason: false,
    values: { type: first?.type ?? '', data: first && initialValue(first.data) },
    form: (values, change) => (
      <SpaceBetween size="m">
        <FormField label="Event" stretch>
          <Select
            options={types.map(({ type }) => ({ value: type, label: type }))}
            selectedOption={values.type === '' ? null : { value: values.type, label: values.type }}
            empty="It receives no such event."
            onChange={({ detail }) => {
              const type = detail.selectedOption.value ?? '';
              change({ type, data: initialValue(schemaOf(type)) });
            }}
          />
        </FormField>
        <SchemaForm
          key={values.type}
          label="Data"
          schema={schemaOf(values.type)}
          value={values.data}
          change={(data) => change({ ...values, data })}
        />
      </SpaceBetween>
    ),
    missing: ({ type, data }) => (type === '' ? 'Choose an event.' : missingMember(schemaOf(type), data)),
    line: ({ type, data }) => line(type || '…', JSON.stringify(data ?? null)),
    send,
  };
}

function operated(name: InstanceRef, isCancel = false): (result: unknown) => ReactNode {
  return (result) => {
    const { status, paused, standing = [] } = result as OperatedResult;
    return (
      <>
        <Go to={instanceAddress(name)} color="inverted">
          <Data>{name.id}</Data>
        </Go>{' '}
        is now <b>{paused ? 'paused' : isCancel && status === 'running' ? 'being cancelled' : status}</b>
        {standing.length > 0 && ` and ${standing.length} completed ${standing.length === 1 ? 'step stays' : 'steps stay'} done`}
      </>
    );
  };
}
