import { readEarly, takeToken } from './request.ts';
import { followScheme } from './scheme.ts';
import { viewAt } from './view-list.ts';
// oxlint-disable-next-line import/no-unassigned-import -- Vite takes the styles out of it
import './page.css';

/*
 * The page of the console.
 *
 * Input:  the JSON of the operations API (lib/console/views.ts), and the address: path, parameters and fragment are the whole state of a view.
 * Output: the views and operations of a system, built into dist/console as static files.
 * Trunk:  main.ts > app.tsx > shell.tsx (frame, keys, palette) > views/*.tsx > api.ts (each read) and act.tsx (each operation).
 *
 * This file is small: the reads and the code of the first view are in flight while the browser loads and evaluates React.
 */
takeToken();
followScheme();
const view = viewAt(location.pathname);
const { whole = [], page } = view?.reads(location) ?? {};
const paths = ['/api/system', ...whole];
readEarly(page === undefined ? paths : [...paths, page]);
void view?.load().catch(() => {});
void import('./app.tsx').then(({ show }) => show(view, paths));
