import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import type { ReactNode } from 'react';
import { KEYS } from './keys.ts';

/** The keys of the page. */
export function Help({ close }: { readonly close: () => void }): ReactNode {
  return (
    <Modal visible header="Keys" onDismiss={close} footer={<Button onClick={close}>Close</Button>}>
      <table className="keys">
        <tbody>
          {KEYS.map(({ keys, does }) => (
            <tr key={does}>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
