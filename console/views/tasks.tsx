import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Json, TaskRow, TasksView } from '../../lib/console/views.ts';
import { ActButton } from '../act.tsx';
import { LIST_EVERY, useSystem } from '../api.ts';
import { JsonText } from '../json.tsx';
import { operations } from '../later-operations.ts';
import { Go, instanceAddress, useParameter } from '../navigate.tsx';
import { NextPage } from '../next-page.tsx';
import { Loaded } from '../problem.tsx';
import { get, withParameters } from '../request.ts';
import { Ago, AsOf, count, Data, Tags, Until } from '../text.tsx';

/** The inbox of people: deferred commands, the oldest of each page first, each with its input and the form of its answer. */
export default function TasksPage(): ReactNode {
  const [command, setCommand] = useParameter('command');
  const pages = useInfiniteQuery({
    queryKey: ['/api/tasks', command],
    queryFn: ({ pageParam, signal }) => get<TasksView>(withParameters('/api/tasks', { command, after: pageParam }), signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: LIST_EVERY,
  });
  const { services } = useSystem();
  const names = services.flatMap(({ commands }) => commands.map(({ name }) => name));
  const options = [{ value: '', label: 'All commands' }, ...names.map((name) => ({ value: name, label: name }))];
  return (
    <Loaded query={pages}>
      {({ pages: views }) => {
        const tasks = views.flatMap((view) => view.tasks);
        const read = views.reduce((sum, view) => sum + view.read, 0);
        return (
          <SpaceBetween size="l">
            <Header
              variant="h1"
              counter={`(${tasks.length}${pages.hasNextPage ? '+' : ''})`}
              description={
                <>
                  <AsOf at={views[0]?.asOf} />
                  {pages.hasNextPage && <span className="quiet">; those of the newest {count(read)} running instances</span>}
                </>
              }
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
            {tasks.length === 0 && (
              <Box textAlign="center" padding="xxl" color="text-body-secondary">
                {pages.hasNextPage
                  ? `No command of the newest ${count(read)} running instances waits for a person.`
                  : 'No command waits for a person.'}
              </Box>
            )}
            {tasks.map((task) => (
              <Task key={task.commandId} task={task} />
            ))}
            <NextPage pages={pages}>Look at older instances</NextPage>
          </SpaceBetween>
        );
      }}
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
            <ActButton act="resolve" variant="primary" operation={async () => (await operations()).resolveOperation(system, task, true)}>
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
            deferred <Ago at={task.since} />
          </span>
          {task.deadline !== undefined && (
            <span className={Date.parse(task.deadline) < Date.now() + 3_600_000 ? 'failing' : ''}>
              due <Until at={task.deadline} />
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
