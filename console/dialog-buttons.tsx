import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';

/** The foot of a dialog: `Back` closes it, and `children` is the button that does what the dialog is for. */
export function DialogButtons({ close, children }: { readonly close: () => void; readonly children: ReactNode }): ReactNode {
  return (
    <Box float="right">
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="link" onClick={close}>
          Back
        </Button>
        {children}
      </SpaceBetween>
    </Box>
  );
}
