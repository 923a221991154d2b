import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import type { FlowView, VersionsView } from '../../lib/console/views.ts';
import { ActButton } from '../act.tsx';
import { LIST_EVERY, useSystem, useView } from '../api.ts';
import { Diagram } from '../instance/diagram.tsx';
import { operations } from '../later-operations.ts';
import { listAddress, navigate, useParameter } from '../navigate.tsx';
import { Loaded, Problem } from '../problem.tsx';
import { withParameters } from '../request.ts';
import { Data, many } from '../text.tsx';
import { READS } from '../paths.ts';
import { Versions } from './processes.tsx';

/** One definition: its code as a diagram with the number of instances at each node, and its versions. */
export default function ProcessPage(): ReactNode {
  const { process } = useParams<{ process: string }>();
  const name = decodeURIComponent(process);
  const system = useSystem();
  const known = system.processes.find((each) => each.name === name);
  const [version, setVersion] = useParameter('version');
  const flow = useView<FlowView>(withParameters(`/api/flows/${encodeURIComponent(name)}`, { version }), LIST_EVERY);
  const versions = useView<VersionsView>(READS.versions, LIST_EVERY);
  const options = [
    { value: '', label: 'Newest version' },
    ...(known?.versions ?? []).map((each) => ({ value: String(each), label: `Version ${each}` })),
  ];
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={known && `${known.kind === 'decider' ? 'Decider' : 'Process'} with ${many(known.versions.length, 'listed version')}`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            {options.length > 2 && (
              <Select
                ariaLabel="Version"
                options={options}
                selectedOption={options.find(({ value }) => value === version) ?? null}
                onChange={({ detail }) => setVersion(detail.selectedOption.value ?? '')}
              />
            )}
            <Button onClick={() => navigate(listAddress(`process:${name}`))}>Instances</Button>
            {known?.input !== undefined && (
              <ActButton act="start" variant="primary" operation={async () => (await operations()).startOperation(system, name)}>
                Start an instance
              </ActButton>
            )}
          </SpaceBetween>
        }
      >
        <Data>{name}</Data>
      </Header>
      <Container
        header={
          <Header
            variant="h2"
            description={
              flow.data?.sampled !== undefined && `The numbers count a sample of ${many(flow.data.sampled, 'running instance')}.`
            }
          >
            Diagram
          </Header>
        }
      >
        {flow.error ? (
          <Problem error={flow.error} />
        ) : (
          flow.data && (
            <Diagram
              view={flow.data}
              choose={(node) => node.name !== undefined && navigate(listAddress(`process:${name} waits:${node.label}`))}
            />
          )
        )}
      </Container>
      <Loaded query={versions}>{(view) => <Versions view={view} process={name} />}</Loaded>
    </SpaceBetween>
  );
}
