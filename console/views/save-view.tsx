import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import { useState, type ReactNode } from 'react';
import { DialogButtons } from '../dialog-buttons.tsx';
import { asViews, type SavedView } from '../saved-views.ts';

/** Saves a filter under a name, and shows all saved views as text that another browser reads. */
export function SaveView({
  where,
  views,
  save,
  close,
}: {
  readonly where: string;
  readonly views: readonly SavedView[];
  readonly save: (views: readonly SavedView[]) => void;
  readonly close: () => void;
}): ReactNode {
  const [name, setName] = useState('');
  const [text, setText] = useState(() => JSON.stringify(views, null, 2));
  const [error, setError] = useState('');
  function keep(next: readonly SavedView[]): void {
    save(next);
    close();
  }
  function keepText(): void {
    try {
      keep(asViews(JSON.parse(text)));
    } catch {
      setError('This is not JSON.');
    }
  }
  return (
    <Modal
      visible
      header="Save this filter"
      onDismiss={close}
      footer={
        <DialogButtons close={close}>
          <Button
            variant="primary"
            disabled={name.trim() === ''}
            onClick={() => keep([...views.filter((view) => view.name !== name.trim()), { name: name.trim(), where }])}
          >
            Save
          </Button>
        </DialogButtons>
      }
    >
      <SpaceBetween size="m">
        <FormField label="Name" description={where === '' ? 'All instances' : where}>
          <Input value={name} autoFocus onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        <ExpandableSection headerText="All saved views as text">
          <FormField errorText={error} description="Copy it into another browser, or change and keep it here.">
            <Textarea value={text} rows={8} onChange={({ detail }) => setText(detail.value)} />
          </FormField>
          <Button onClick={keepText}>Keep this text</Button>
        </ExpandableSection>
      </SpaceBetween>
    </Modal>
  );
}
