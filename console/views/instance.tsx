import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown, { type ButtonDropdownProps } from '@cloudscape-design/components/button-dropdown';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tabs from '@cloudscape-design/components/tabs';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useParams } from 'wouter';
import type { Act, CostView, FlowView, InstanceView, SystemView, TimelineStep, TimelineView } from '../../lib/console/views.ts';
import { CommandLine, commandLine, eventsOf, refusalOf, useActing, type Operation } from '../act.tsx';
import { useInstance, useSystem, useView } from '../api.ts';
import { StepDetails } from '../instance/step-details.tsx';
import { Timeline } from '../instance/timeline.tsx';
import { JsonText } from '../json.tsx';
import { later } from '../later.tsx';
import { forks, operations } from '../later-operations.ts';
import { Go, instanceAddress, listAddress, useFragment, useParameter } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { instancePath, withParameters } from '../request.ts';
import { Ago, At, Data, many, StatusWord, Tags, Until } from '../text.tsx';
import { decoded, STEPS, timelinePath } from '../paths.ts';

const Commands = later(async () => (await import('../instance/commands.tsx')).Commands);
const Diagram = later(async () => (await import('../instance/diagram.tsx')).Diagram);
const Journal = later(async () => (await import('../instance/journal.tsx')).Journal);
const TimeTravel = later(async () => (await import('../instance/time-travel.tsx')).TimeTravel);
const Cost = later(async () => (await import('./cost.tsx')).Cost);

/** One instance: its status, the reason in a sentence and what wakes it, then its steps over time, in the code, and in the journal. */
export default function InstancePage(): ReactNode {
  const { process, id } = useParams<{ process: string; id: string }>();
  const name = { process: decoded(process), id: decoded(id) };
  const query = useInstance(name);
  return <Loaded query={query}>{(view) => <Page view={view} />}</Loaded>;
}

function Page({ view }: { readonly view: InstanceView }): ReactNode {
  const system = useSystem();
  const [tab, setTab] = useParameter('tab');
  const [at, setAt] = useParameter('at');
  const [numberText, setNumber] = useParameter('number');
  const number = /^\d+$/.test(numberText) && Number(numberText) !== view.runs ? Number(numberText) : undefined;
  const index = /^\d+$/.test(at) ? Number(at) : undefined;
  return (
    <SpaceBetween size="m">
      <Header
        variant="h1"
        description={<Go to={`/process/${encodeURIComponent(view.process)}`}>{view.process}</Go>}
        actions={<Operations view={view} system={system} />}
      >
        <Data>{view.id}</Data>
      </Header>
      <Standing view={view} />
      {(view.runs ?? 1) > 1 && <Runs view={view} number={number ?? view.runs ?? 1} choose={setNumber} />}
      {index !== undefined && (
        <TimeTravel view={view} number={number} at={index} choose={(next) => setAt(next === undefined ? '' : String(next))} />
      )}
      <Tabs
        activeTabId={tab || 'timeline'}
        {...(index === undefined &&
          view.entries > 1 && { actions: <Button onClick={() => setAt(String(view.entries - 2))}>Go back in time</Button> })}
        onChange={({ detail }) => setTab(detail.activeTabId === 'timeline' ? '' : detail.activeTabId)}
        tabs={[
          { id: 'timeline', label: 'Timeline', content: <TimelineTab view={view} number={number} at={index} /> },
          { id: 'diagram', label: 'Diagram', content: <DiagramTab view={view} number={number} at={index} /> },
          { id: 'journal', label: `Journal (${view.entries.toLocaleString('en')})`, content: <JournalTab view={view} number={number} /> },
          { id: 'state', label: 'State', content: <State view={view} /> },
          { id: 'commands', label: `Commands (${view.pending.length})`, content: <Commands view={view} /> },
          { id: 'cost', label: 'Cost', content: <CostTab view={view} /> },
          { id: 'raw', label: 'Raw', content: <Raw view={view} /> },
        ]}
      />
    </SpaceBetween>
  );
}

/** Its status, why, and what continues it. */
function Standing({ view }: { readonly view: InstanceView }): ReactNode {
  const parked = Object.values(view.parked).reduce((sum: number, count) => sum + (count ?? 0), 0);
  const [first, ...others] = view.lines.length > 0 ? view.lines : [view.why];
  return (
    <Container>
      <SpaceBetween size="m">
        <div className="standing" role="status" aria-live="polite">
          <StatusWord status={view.status} paused={view.paused !== undefined} />
          <div className="standing-why">
            <p>
              <Data>{view.stuck ? view.stuck.message : (first ?? view.why)}</Data>
            </p>
            {!view.stuck &&
              others.map((line) => (
                <p key={line} className="quiet">
                  <Data>{line}</Data>
                </p>
              ))}
          </div>
        </div>
        {view.stuck && (
          <Alert type="warning" header={view.stuck.code}>
            <Data>{view.stuck.remedy}</Data>
            {view.stuckStep !== undefined && (
              <div>
                The step is <Data>{view.stuckStep}</Data>
              </div>
            )}
          </Alert>
        )}
        {view.paused && (
          <Alert type="info" header={`Paused by ${view.paused.by}`}>
            <Data>{view.paused.reason}</Data>
            {view.paused.waiting > 0 && <div>{many(view.paused.waiting, 'event')} wait for the resume.</div>}
          </Alert>
        )}
        {view.standing.length > 0 && (
          <Alert type="warning" header={`${many(view.standing.length, 'completed step')} stay done`}>
            {view.standing.map(({ step, commandId }) => (
              <div key={step}>
                <Data>{step}</Data>, known to its service as <Data>{commandId}</Data>
              </div>
            ))}
          </Alert>
        )}
        <KeyValuePairs
          columns={4}
          minColumnWidth={160}
          items={[
            { label: 'Goes on', value: <GoesOn view={view} /> },
            { label: 'Started', value: <Ago at={view.started} /> },
            ...(view.closed === undefined ? [] : [{ label: 'Ended', value: <Ago at={view.closed} /> }]),
            { label: 'Version', value: view.version },
            { label: 'Tags', value: <Tags tags={view.tags} /> },
            ...(view.parent ? [{ label: 'Parent', value: <Name name={view.parent} /> }] : []),
            ...(view.children.length > 0 ? [{ label: 'Children', value: <Names names={view.children} /> }] : []),
            ...(view.waiting.length > 0 ? [{ label: 'Starts that wait', value: many(view.waiting.length, 'start') }] : []),
            ...(parked > 0
              ? [
                  {
                    label: 'Parked events',
                    value: <Go to={`/parked?${new URLSearchParams({ process: view.process, id: view.id })}`}>{many(parked, 'event')}</Go>,
                  },
                ]
              : []),
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

function GoesOn({ view }: { readonly view: InstanceView }): ReactNode {
  if (view.closed !== undefined) return 'It has ended';
  if (view.paused) return 'When it is resumed';
  if (view.stuck) return 'When an operator acts';
  if (view.wakes === undefined) return 'With a reply or an event';
  return (
    <>
      With a reply or an event, at the latest <Until at={view.wakes} />
    </>
  );
}

function Name({ name }: { readonly name: { readonly process: string; readonly id: string } }): ReactNode {
  return (
    <Go to={instanceAddress(name)}>
      <Data>{`${name.process} ${name.id}`}</Data>
    </Go>
  );
}

function Names({ names }: { readonly names: InstanceView['children'] }): ReactNode {
  return (
    <SpaceBetween size="xxs">
      {names.slice(0, 5).map((name) => (
        <Name key={`${name.process}/${name.id}`} name={name} />
      ))}
      {names.length > 5 && <span className="quiet">and {names.length - 5} others</span>}
    </SpaceBetween>
  );
}

function Runs({
  view,
  number,
  choose,
}: {
  readonly view: InstanceView;
  readonly number: number;
  readonly choose: (number: string) => void;
}): ReactNode {
  const runs = view.runs ?? 1;
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button
        iconName="angle-left"
        variant="icon"
        ariaLabel="The run before"
        disabled={number <= 1}
        onClick={() => choose(String(number - 1))}
      />
      <Box padding={{ top: 'xxs' }}>
        Run {number} of {runs}
      </Box>
      <Button
        iconName="angle-right"
        variant="icon"
        ariaLabel="The next run"
        disabled={number >= runs}
        onClick={() => choose(number + 1 >= runs ? '' : String(number + 1))}
      />
    </SpaceBetween>
  );
}

interface TabProps {
  readonly view: InstanceView;
  readonly number: number | undefined;
  readonly at?: number | undefined;
}

function TimelineTab({ view, number, at }: TabProps): ReactNode {
  const [limit, setLimit] = useState(STEPS);
  const chosen = useFragment();
  const [first] = useState(chosen);
  const query = useTimeline({ view, number, at }, limit);
  return (
    <Loaded query={query}>
      {(timeline) => {
        const step = timeline.steps.find(({ path }) => path === chosen);
        return (
          <SpaceBetween size="m">
            <Timeline
              view={timeline}
              chosen={chosen}
              isOpen={view.closed === undefined && at === undefined}
              {...(timeline.total > timeline.steps.length && { more: () => setLimit(limit + 2 * STEPS) })}
            />
            {step ? (
              <Seen key={step.path} isNew={step.path !== first}>
                <StepDetails step={step} view={view} />
              </Seen>
            ) : (
              <span className="quiet">Choose a step to see its attempts and its entries.</span>
            )}
          </SpaceBetween>
        );
      }}
    </Loaded>
  );
}

/** Scrolls to what a reader has just chosen, which may lie below the timeline. A link from elsewhere shows the instance from its top. */
function Seen({ isNew, children }: { readonly isNew: boolean; readonly children: ReactNode }): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isNew) place.current?.scrollIntoView({ block: 'nearest' });
  }, [isNew]);
  return <div ref={place}>{children}</div>;
}

function useTimeline({ view, number, at }: TabProps, limit: number): ReturnType<typeof useView<TimelineView>> {
  return useView<TimelineView>(timelinePath(view, { limit, at, number }));
}

function DiagramTab({ view, number, at }: TabProps): ReactNode {
  const query = useView<FlowView>(withParameters(`${instancePath(view)}/flow`, { at, number }));
  const timeline = useTimeline({ view, number, at }, STEPS);
  const [name, setName] = useState<string>();
  const step: TimelineStep | undefined =
    name === undefined ? undefined : timeline.data?.steps.findLast((each) => each.name === name || each.path.includes(`${name}:`));
  return (
    <Loaded query={query}>
      {(flow) => (
        <SpaceBetween size="m">
          <Diagram view={flow} choose={(node) => setName(node.name)} />
          {step && <StepDetails step={step} view={view} />}
        </SpaceBetween>
      )}
    </Loaded>
  );
}

function JournalTab({ view, number }: TabProps): ReactNode {
  return <Journal view={view} number={number} chosen={useFragment()} />;
}

function State({ view }: { readonly view: InstanceView }): ReactNode {
  const parts = [
    { title: 'View', value: view.view },
    { title: 'Result', value: view.result },
    { title: 'Input', value: view.input },
  ].filter(({ value }) => value !== undefined);
  if (parts.length === 0) return <Box color="text-body-secondary">It has no view, no input and no result.</Box>;
  return (
    <SpaceBetween size="m">
      {parts.map(({ title, value }) => (
        <Container key={title} header={<Header variant="h2">{title}</Header>}>
          <JsonText label={title} value={value} />
        </Container>
      ))}
    </SpaceBetween>
  );
}

function Raw({ view }: { readonly view: InstanceView }): ReactNode {
  const { option } = useSystem();
  return (
    <SpaceBetween size="m">
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'Run', value: <Data>{view.run}</Data> },
          { label: 'Commits', value: view.etag },
          { label: 'Start', value: <At at={view.started} milliseconds /> },
        ]}
      />
      <JsonText label="The instance" value={view as never} />
      <CommandLine text={`${commandLine(['show', view.process, view.id])} --json ${option}`.trim()} />
      <Go to={listAddress(`process:${view.process}`)}>All instances of this process</Go>
    </SpaceBetween>
  );
}

function CostTab({ view }: { readonly view: InstanceView }): ReactNode {
  const query = useView<CostView>(`${instancePath(view)}/cost`);
  return <Loaded query={query}>{(cost) => <Cost view={cost} title="Cost of this instance" variant="h2" />}</Loaded>;
}

/** The operations that its status allows; the first one that fits is the button. */
function Operations({ view, system }: { readonly view: InstanceView; readonly system: SystemView }): ReactNode {
  const { open } = useActing();
  const versions = system.processes.find(({ name }) => name === view.process)?.versions ?? [];
  const all: Partial<Record<Act, { readonly text: string; readonly operation: () => Promise<Operation<any>> }>> = {
    resume: { text: 'Resume', operation: async () => (await operations()).resumeOperation(view, versions) },
    pause: { text: 'Pause', operation: async () => (await operations()).pauseOperation(view) },
    ...(eventsOf(system, view, false).length > 0 && {
      signal: { text: 'Send an event', operation: async () => (await operations()).signalOperation(system, view) },
    }),
    ...(eventsOf(system, view, true).length > 0 && {
      ask: { text: 'Ask', operation: async () => (await operations()).askOperation(system, view) },
    }),
    ...(versions.some((each) => each !== view.version) && {
      move: { text: 'Move to another version', operation: async () => (await operations()).moveOperation(view, versions) },
    }),
    fork: { text: 'Fork', operation: async () => (await forks()).forkOperation(view, '') },
    cancel: { text: 'Cancel and undo', operation: async () => (await operations()).cancelOperation(view) },
    erase: { text: 'Erase its data', operation: async () => (await operations()).eraseOperation(view) },
    terminate: { text: 'Terminate without undo', operation: async () => (await operations()).terminateOperation(view) },
  };
  const possible = Object.entries(all).filter(([act]) => view.can.includes(act as Act));
  if (possible.length === 0) return null;
  const items = possible.map(([act, { text }]): ButtonDropdownProps.Item => {
    const refusal = refusalOf(system.acts[act as Act]);
    return { id: act, text, ...(refusal !== undefined && { disabled: true, disabledReason: refusal }) };
  });
  return (
    <div data-operations>
      <ButtonDropdown
        variant="primary"
        items={items}
        expandToViewport
        onItemClick={({ detail }) => {
          const chosen = all[detail.id as Act];
          if (chosen) open(chosen.operation());
        }}
      >
        Operate
      </ButtonDropdown>
    </div>
  );
}
