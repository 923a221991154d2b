import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en.json';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { queries } from './api.ts';
import { takeArrived } from './request.ts';
import { loadView, Shell } from './shell.tsx';
import type { ListedView } from './view-list.ts';

/** Shows the page once the code of its first view is here. The first reads are usually here before, so the first render has the data. */
export async function show(view: ListedView | undefined, paths: readonly string[]): Promise<void> {
  // Without its code, the view shows the failure itself.
  if (view) await loadView(view).catch(() => {});
  for (const [path, value] of takeArrived(paths)) queries.setQueryData([path], value);
  createRoot(document.getElementById('page') as HTMLElement).render(
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={queries}>
        <Shell />
      </QueryClientProvider>
    </I18nProvider>,
  );
}
