import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Spinner from '@cloudscape-design/components/spinner';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from './request.ts';
import { Data } from './text.tsx';

/** A failure with its code and its remedy. */
export function Problem({ error }: { readonly error: Error }): ReactNode {
  const code = error instanceof ApiError ? error.code : undefined;
  return (
    <Alert type={code === 'NOT_FOUND' ? 'info' : 'error'} header={code ?? 'The page has an error'}>
      <Data>{error.message}</Data>
      {error instanceof ApiError && error.remedy !== undefined && (
        <div>
          <Data>{error.remedy}</Data>
        </div>
      )}
      {error instanceof ApiError && error.grant !== undefined && <div>The missing grant: {error.grant}</div>}
      {error instanceof ApiError && error.signIn !== undefined && (
        <Button href={`${error.signIn}?to=${encodeURIComponent(location.pathname + location.search)}`}>Sign in</Button>
      )}
    </Alert>
  );
}

/** The data of a query; before that a spinner, and its failure in place of it. */
export function Loaded<T>({
  query,
  children,
}: {
  readonly query: Pick<UseQueryResult<T>, 'data' | 'error'>;
  readonly children: (data: T) => ReactNode;
}): ReactNode {
  if (query.data !== undefined)
    return (
      <>
        {query.error && <Problem error={query.error} />}
        {children(query.data)}
      </>
    );
  if (query.error) return <Problem error={query.error} />;
  return <Loading />;
}

export function Loading(): ReactNode {
  return (
    <Box textAlign="center" padding="xxl">
      <Spinner size="large" /> <span className="quiet">Loading</span>
    </Box>
  );
}
