import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import type { InstanceView, PendingStep, UnresolvedView } from '../../lib/console/views.ts';
import { ActButton } from '../act.tsx';
import { useSystem } from '../api.ts';
import { JsonText } from '../json.tsx';
import { operations } from '../later-operations.ts';
import { Go } from '../navigate.tsx';
import { Ago, Data, Until } from '../text.tsx';

/** The open commands, timers and waits, and the commands whose outcome is unknown. */
export function Commands({ view }: { readonly view: InstanceView }): ReactNode {
  const system = useSystem();
  const canResolve = view.can.includes('resolve');
  return (
    <SpaceBetween size="l">
      <Table
        variant="container"
        contentDensity="compact"
        items={view.pending}
        header={<Header counter={`(${view.pending.length})`}>Open commands, timers and waits</Header>}
        ariaLabels={{ tableLabel: 'Open commands, timers and waits' }}
        empty={<Box color="text-body-secondary">It waits for nothing.</Box>}
        columnDefinitions={[
          {
            id: 'path',
            header: 'Step',
            isRowHeader: true,
            cell: (step) => (
              <Go to={`${location.pathname}#${encodeURIComponent(step.path)}`}>
                <Data>{step.path}</Data>
              </Go>
            ),
          },
          { id: 'kind', header: 'Kind', cell: (step) => kindOf(step) },
          { id: 'since', header: 'Since', cell: (step) => (textOf(step, 'since') ? <Ago at={textOf(step, 'since') as string} /> : '–') },
          { id: 'attempt', header: 'Attempt', cell: (step) => Number(step['attempt'] ?? 0) || '–' },
          { id: 'due', header: 'Next', cell: (step) => (nextOf(step) ? <Until at={nextOf(step) as string} /> : '–') },
          { id: 'id', header: 'Id of the command', cell: (step) => <Data>{textOf(step, 'commandId') ?? '–'}</Data> },
          {
            id: 'act',
            header: 'Operation',
            cell: (step) =>
              step.kind === 'command' && canResolve ? (
                <ActButton
                  act="resolve"
                  variant="inline-link"
                  operation={async () =>
                    (await operations()).resolveOperation(
                      system,
                      { ...view, step: step.path, command: textOf(step, 'command') ?? '' },
                      step['deferred'] === true,
                    )
                  }
                >
                  {step['deferred'] === true ? 'Answer' : 'Resolve by hand'}
                </ActButton>
              ) : (
                '–'
              ),
          },
        ]}
      />
      {view.unresolved.length > 0 && (
        <Table<UnresolvedView>
          variant="container"
          contentDensity="compact"
          items={view.unresolved}
          header={
            <Header
              counter={`(${view.unresolved.length})`}
              description="Look each one up in the called system by its id, then give its outcome."
            >
              Commands whose outcome is unknown
            </Header>
          }
          ariaLabels={{ tableLabel: 'Commands whose outcome is unknown' }}
          columnDefinitions={[
            { id: 'step', header: 'Step', isRowHeader: true, cell: ({ step }) => <Data>{step}</Data> },
            { id: 'command', header: 'Command', cell: ({ command }) => <Data>{command}</Data> },
            { id: 'id', header: 'Id of the command', cell: ({ commandId }) => <Data>{commandId}</Data> },
            { id: 'since', header: 'Since', cell: ({ since }) => <Ago at={since} /> },
            { id: 'attempts', header: 'Attempts', cell: ({ attempts }) => attempts },
            { id: 'error', header: 'Last error', cell: ({ lastError }) => <JsonText label="Last error" value={lastError} /> },
            {
              id: 'act',
              header: 'Operation',
              cell: (each) => (
                <ActButton
                  act="resolve"
                  variant="inline-link"
                  operation={async () => (await operations()).resolveOperation(system, { ...view, ...each })}
                >
                  Resolve
                </ActButton>
              ),
            },
          ]}
        />
      )}
    </SpaceBetween>
  );
}

function kindOf(step: PendingStep): string {
  if (step.kind !== 'command') return step.kind === 'event' ? 'wait for an event' : `timer, ${textOf(step, 'purpose') ?? ''}`;
  return step['deferred'] === true ? 'deferred command' : (textOf(step, 'mode') ?? 'command');
}

function textOf(step: PendingStep, name: string): string | undefined {
  const value = step[name];
  return typeof value === 'string' ? value : undefined;
}

function nextOf(step: PendingStep): string | undefined {
  return textOf(step, 'due') ?? textOf(step, 'deadline');
}
