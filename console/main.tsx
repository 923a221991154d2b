import { I18nProvider } from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en.json';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { queries, takeToken } from './api.ts';
import { loadView, Shell } from './shell.tsx';
import { followScheme } from './scheme.ts';
// oxlint-disable-next-line import/no-unassigned-import -- Vite takes the styles out of it
import './page.css';

/*
 * The page of the console.
 *
 * Input:  the JSON of the operations API (lib/console/views.ts), and the address: path, parameters and fragment are the whole state of a view.
 * Output: the views and operations of a system, built into dist/console as static files.
 * Trunk:  main.tsx > shell.tsx (frame, keys, palette) > views/*.tsx > api.ts (each read) and act.tsx (each operation).
 */
takeToken();
followScheme();
loadView(location.pathname);
createRoot(document.getElementById('page') as HTMLElement).render(
  <I18nProvider locale="en" messages={[messages]}>
    <QueryClientProvider client={queries}>
      <Shell />
    </QueryClientProvider>
  </I18nProvider>,
);
