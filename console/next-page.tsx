import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

interface NextPageProps {
  readonly pages: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
  /** The text of the button. */
  readonly children: ReactNode;
  /** Shown after the last page. @default nothing */
  readonly end?: ReactNode;
}

/** The foot of a list: a button that reads its next page, or what follows the last one. */
export function NextPage({ pages, children, end }: NextPageProps): ReactNode {
  if (!pages.hasNextPage && !end) return null;
  return (
    <Box textAlign="center">
      {pages.hasNextPage ? (
        <Button loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {children}
        </Button>
      ) : (
        end
      )}
    </Box>
  );
}
