import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type { Json, JsonSchema, ScheduleCreateRequest, ScheduleTimes, SchedulesView, SystemView } from '../lib/console/views.ts';
import { commandLine, type Operation } from './act.tsx';
import { post } from './request.ts';
import { initialValue, missingMember, SchemaForm } from './schema-form.tsx';

interface Creating {
  readonly name: string;
  readonly process: string;
  readonly input: Json | undefined;
  readonly cron: string;
  readonly zone: string;
  /** An empty text: the default of the schedule. */
  readonly overlap: string;
  readonly catchUp: string;
}

/** The processes that a schedule can start: no decider, and an input that a client can give. */
export function schedulable({ processes }: SystemView): readonly string[] {
  return processes.filter(({ input }) => input !== undefined).map(({ name }) => name);
}

/** Creates a schedule, or changes the times of one that a client has created. */
export function createOperation(system: SystemView): Operation<Creating> {
  const names = schedulable(system);
  const schemaOf = (process: string): JsonSchema => system.processes.find(({ name }) => name === process)?.input ?? {};
  const [process = ''] = names;
  return {
    act: 'schedules',
    title: 'Create a schedule',
    verb: 'Create',
    explains: 'It starts an instance at each of its times. If a client has created a schedule with this name before, its times change.',
    values: { name: '', process, input: initialValue(schemaOf(process)), cron: '', zone: ownZone(), overlap: '', catchUp: '' },
    form: (values, change) => (
      <SpaceBetween size="m">
        <FormField label="Name" constraintText="Lower-case letters, digits and hyphens" stretch>
          <Input value={values.name} onChange={({ detail }) => change({ ...values, name: detail.value })} />
        </FormField>
        <FormField label="Times" constraintText="Minute, hour, day, month, day of the week, such as 30 2 * * MON-FRI" stretch>
          <Input value={values.cron} onChange={({ detail }) => change({ ...values, cron: detail.value })} />
        </FormField>
        <FormField label="Time zone" constraintText="Such as Europe/Paris or UTC" stretch>
          <Input value={values.zone} onChange={({ detail }) => change({ ...values, zone: detail.value })} />
        </FormField>
        <Choice
          label="If an instance of it is running"
          options={OVERLAPS}
          value={values.overlap}
          choose={(overlap) => change({ ...values, overlap })}
        />
        <Choice
          label="Times that passed while no engine ran"
          options={CATCH_UPS}
          value={values.catchUp}
          choose={(catchUp) => change({ ...values, catchUp })}
        />
        <Choice
          label="Process"
          options={names.map((name) => ({ value: name, label: name }))}
          value={values.process}
          choose={(next) => change({ ...values, process: next, input: initialValue(schemaOf(next)) })}
        />
        <SchemaForm
          key={values.process}
          label="Input of each start"
          schema={schemaOf(values.process)}
          value={values.input}
          change={(input) => change({ ...values, input })}
        />
      </SpaceBetween>
    ),
    missing: ({ name, cron, zone, input, process: started }) => {
      if (name.trim() === '') return 'Name the schedule.';
      if (cron.trim().split(/\s+/).length !== 5) return 'Write the five fields of the times.';
      return zone.trim() === '' ? 'Name the time zone.' : missingMember(schemaOf(started), input);
    },
    line: ({ name, process: started, input, cron, zone, overlap, catchUp }, reason) =>
      commandLine(['schedules', 'create', name || '…'], {
        process: started,
        cron: cron || '…',
        zone,
        overlap,
        'catch-up': catchUp,
        input: input === undefined || input === null ? undefined : JSON.stringify(input),
        reason,
      }),
    send: (values, reason) =>
      post<SchedulesView>(`/api/schedules/${encodeURIComponent(values.name.trim())}/create`, requestOf(values, reason)),
    done: (_, { name }) => `Created: ${name}.`,
  };
}

function requestOf({ process, input, cron, zone, overlap, catchUp }: Creating, reason: string): ScheduleCreateRequest {
  const times = {
    cron: cron.trim().split(/\s+/).join(' '),
    zone: zone.trim(),
    ...(overlap !== '' && { overlap }),
    ...(catchUp !== '' && { catchUp }),
  };
  return { reason, process, times: times as ScheduleTimes, ...(input !== undefined && { input }) };
}

const OVERLAPS = [
  { value: '', label: 'Skip the time' },
  { value: 'queue-one', label: 'Start one of them after its end' },
  { value: 'queue-all', label: 'Start each of them after its end' },
  { value: 'cancel', label: 'Cancel the running one, then start' },
  { value: 'allow', label: 'Start it beside the other' },
];
const CATCH_UPS = [
  { value: '', label: 'Start the last of them' },
  { value: 'all', label: 'Start each of them' },
  { value: 'none', label: 'Start none that is more than 15 minutes late' },
];

function Choice({
  label,
  options,
  value,
  choose,
}: {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly value: string;
  readonly choose: (value: string) => void;
}): ReactNode {
  return (
    <FormField label={label} stretch>
      <Select
        options={options}
        selectedOption={options.find((option) => option.value === value) ?? null}
        onChange={({ detail }) => choose(detail.selectedOption.value ?? '')}
      />
    </FormField>
  );
}

function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
