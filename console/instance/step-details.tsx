import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type { InstanceView, TimelineStep } from '../../lib/console/views.ts';
import { ActButton } from '../act.tsx';
import { useSystem } from '../api.ts';
import { forks, operations } from '../later-operations.ts';
import { Go, instanceAddress } from '../navigate.tsx';
import { At, Data, span } from '../text.tsx';

/** One step in full: its times, each attempt, its failure, and its first journal entry. */
export function StepDetails({ step, view }: { readonly step: TimelineStep; readonly view: InstanceView }): ReactNode {
  const system = useSystem();
  const pending = view.pending.find(({ path, kind }) => path === step.path && kind === 'command');
  const command = typeof pending?.['command'] === 'string' ? pending['command'] : undefined;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={<Data>{step.path}</Data>}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {view.can.includes('fork') && isUnfinished(step) && (
                <ActButton act="fork" operation={async () => (await forks()).retryOperation(view, step)}>
                  Retry
                </ActButton>
              )}
              {view.can.includes('fork') && (
                <ActButton act="fork" operation={async () => (await forks()).forkOperation(view, step.path)}>
                  Fork here
                </ActButton>
              )}
              {command !== undefined && view.can.includes('resolve') && (
                <ActButton
                  act="resolve"
                  operation={async () =>
                    (await operations()).resolveOperation(system, { ...view, step: step.path, command }, pending?.['deferred'] === true)
                  }
                >
                  Resolve by hand
                </ActButton>
              )}
            </SpaceBetween>
          }
        >
          <Data>{step.name}</Data>
        </Header>
      }
    >
      <SpaceBetween size="m">
        <KeyValuePairs
          columns={4}
          minColumnWidth={150}
          items={[
            { label: 'State', value: step.state },
            { label: 'From', value: <At at={step.from} milliseconds /> },
            { label: 'To', value: step.to === undefined ? 'open' : <At at={step.to} milliseconds /> },
            { label: 'Took', value: step.to === undefined ? '–' : span(Date.parse(step.to) - Date.parse(step.from)) },
            ...(step.commandId === undefined ? [] : [{ label: 'Id of the command', value: <Data>{step.commandId}</Data> }]),
            ...(step.child
              ? [{ label: 'Child', value: <Go to={instanceAddress(step.child)}>{`${step.child.process} ${step.child.id}`}</Go> }]
              : []),
            { label: 'Journal', value: <Go to={`${instanceAddress(view)}?tab=journal#n${step.entry}`}>{`entry ${step.entry}`}</Go> },
          ]}
        />
        {step.failure !== undefined && (
          <p className="failure">
            <Data>{step.failure}</Data>
          </p>
        )}
        {step.attempts.length > 0 && (
          <ol className="attempts">
            {step.attempts.map(({ at, failed }) => (
              <li key={at}>
                <At at={at} milliseconds /> {failed === undefined ? 'sent again' : <Data>{`failed: ${failed}`}</Data>}
              </li>
            ))}
          </ol>
        )}
      </SpaceBetween>
    </Container>
  );
}

/** A call or a run that is open or has failed: it can be done again. */
function isUnfinished({ kind, state }: TimelineStep): boolean {
  return ['command', 'step', 'child'].includes(kind) && ['open', 'failed', 'unknown'].includes(state);
}
