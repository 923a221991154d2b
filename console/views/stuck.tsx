import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type { CausesView } from '../../lib/console/views.ts';
import { CommandLine, commandLine } from '../act.tsx';
import { LIST_EVERY, useSystem, useView } from '../api.ts';
import { listed } from '../filter.ts';
import { Go, instanceAddress, listAddress, navigate } from '../navigate.tsx';
import { Loaded } from '../problem.tsx';
import { Ago, AsOf, Data, many } from '../text.tsx';
import { READS } from '../paths.ts';

type Group = CausesView['causes'][number];

/** Stuck instances by cause, the largest group first, each with its remedy. */
export default function StuckView(): ReactNode {
  const causes = useView<CausesView>(READS.causes, LIST_EVERY);
  return (
    <Loaded query={causes}>
      {(view) => (
        <SpaceBetween size="l">
          <Header variant="h1" counter={`(${view.causes.length})`} description={<AsOf at={view.asOf} />}>
            Causes of stuck instances
          </Header>
          {view.causes.length === 0 && (
            <Box textAlign="center" padding="xxl" color="text-body-secondary">
              No instance is stuck.
            </Box>
          )}
          {view.causes.map((group) => (
            <Cause key={group.cause} group={group} />
          ))}
        </SpaceBetween>
      )}
    </Loaded>
  );
}

/** One group: what it waits for an operator to do, and the operation on all of it. */
function Cause({ group }: { readonly group: Group }): ReactNode {
  const { option } = useSystem();
  const where = `status:stuck process:${group.process} cause:${listed(group.cause)}`;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            <>
              {group.process}, since <Ago at={group.oldest} />, for example{' '}
              <span data-row>
                <Go to={instanceAddress(group.example)}>
                  <Data>{group.example.id}</Data>
                </Go>
              </span>
            </>
          }
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => navigate(listAddress(where))}>Show them</Button>
              <Button variant="primary" onClick={() => navigate(`/bulk?${new URLSearchParams({ q: where, act: 'resume' })}`)}>
                Resume all
              </Button>
            </SpaceBetween>
          }
        >
          {many(group.count, 'instance')} {group.code !== undefined && <span className="quiet">{group.code}</span>}
        </Header>
      }
    >
      <SpaceBetween size="s">
        <p className="failure">
          <Data>{group.reason}</Data>
        </p>
        {group.remedy !== undefined && (
          <Alert type="info" header="Remedy">
            <Data>{group.remedy}</Data>
          </Alert>
        )}
        <CommandLine text={`${commandLine(['list'], { where })} ${option}`.trim()} />
      </SpaceBetween>
    </Container>
  );
}
