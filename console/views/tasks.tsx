import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type { Json, TaskRow, TasksView } from '../../lib/console/views.ts';
import { ActButton } from '../act.tsx';
import { LIST_EVERY, useSystem, useView, withParameters } from '../api.ts';
import { JsonText } from '../json.tsx';
import { Go, instanceAddress, useParameter } from '../navigate.tsx';
import { resolveOperation } from '../operations.tsx';
import { Loaded } from '../problem.tsx';
import { Ago, AsOf, Data, Tags, Until } from '../text.tsx';

/** The inbox of people: deferred commands, the oldest first, each with its input and the form of its answer. */
export default function TasksPage(): ReactNode {
  const [command, setCommand] = useParameter('command');
  const tasks = useView<TasksView>(withParameters('/api/tasks', { command }), LIST_EVERY);
  const { services } = useSystem();
  const names = services.flatMap(({ commands }) => commands.map(({ name }) => name));
  const options = [{ value: '', label: 'All commands' }, ...names.map((name) => ({ value: name, label: name }))];
  return (
    <Loaded query={tasks}>
      {(view) => (
        <SpaceBetween size="l">
          <Header
            variant="h1"
            counter={`(${view.tasks.length}${view.more ? '+' : ''})`}
            description={<AsOf at={view.asOf} />}
            actions={
              <Select
                options={options}
                selectedOption={options.find(({ value }) => value === command) ?? null}
                ariaLabel="Command"
                expandToViewport
                onChange={({ detail }) => setCommand(detail.selectedOption.value ?? '')}
              />
            }
          >
            Tasks
          </Header>
          {view.tasks.length === 0 && (
            <Box textAlign="center" padding="xxl" color="text-body-secondary">
              No command waits for a person.
            </Box>
          )}
          {view.tasks.map((task) => (
            <Task key={task.commandId} task={task} />
          ))}
        </SpaceBetween>
      )}
    </Loaded>
  );
}

function Task({ task }: { readonly task: TaskRow }): ReactNode {
  const system = useSystem();
  const about = system.services.flatMap(({ commands }) => commands).find(({ name }) => name === task.command)?.about;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={about}
          actions={
            <ActButton act="resolve" variant="primary" operation={() => resolveOperation(system, task, true)}>
              Answer
            </ActButton>
          }
        >
          <Data>{task.command}</Data>
        </Header>
      }
    >
      <SpaceBetween size="s">
        <div className="facts">
          <span data-row>
            <Go to={instanceAddress(task)}>
              <Data>{`${task.process} ${task.id}`}</Data>
            </Go>
          </span>
          <span>
            waits since <Ago at={task.since} />
          </span>
          {task.deadline !== undefined && (
            <span className={Date.parse(task.deadline) < Date.now() + 3_600_000 ? 'failing' : ''}>
              until <Until at={task.deadline} />
            </span>
          )}
          {task.tags && <Tags tags={task.tags} />}
        </div>
        <Input value={task.input} />
      </SpaceBetween>
    </Container>
  );
}

/** The members of an input as a list of names and values; deeper ones as JSON. */
function Input({ value }: { readonly value: Json }): ReactNode {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return <JsonText label="Input" value={value} />;
  const members = Object.entries(value);
  const isPlain = members.length <= 12 && members.every(([, member]) => typeof member !== 'object' || member === null);
  if (!isPlain)
    return (
      <ExpandableSection headerText="Input" defaultExpanded>
        <JsonText label="Input" value={value} />
      </ExpandableSection>
    );
  return (
    <dl className="members">
      {members.map(([name, member]) => (
        <div key={name}>
          <dt>
            <Data>{name}</Data>
          </dt>
          <dd>
            <Data>{typeof member === 'string' ? member : JSON.stringify(member)}</Data>
          </dd>
        </div>
      ))}
    </dl>
  );
}
