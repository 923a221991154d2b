import { afterAll, beforeAll } from 'vitest';
import type { Browser } from 'playwright-core';
import { serveConsole, type ConsoleServer } from '../../bin/console-server.ts';
import type { RefusalView } from '../../lib/console/views.ts';
import { travelAnswers, type Answers } from './answers.ts';
import { openPage, startBrowser, type SeenPage, type Sight } from './browser.ts';

const TOKEN = 'token-of-the-tests';

/** The built page, served as the command line serves it, with the answers of a travel agency in place of an operations API. */
export interface AnsweredPage {
  /** The requests that the page has posted since the last call of `open`. */
  readonly posted: Answers['posted'];
  open(path: string, sight?: Sight): Promise<SeenPage>;
}

/** The page for the tests of a file, in one browser. */
export function answeredPage(): AnsweredPage {
  let browser: Browser;
  let answers: Answers;
  let server: ConsoleServer;

  beforeAll(async () => {
    [browser, answers] = await Promise.all([startBrowser(), travelAnswers()]);
    server = await serveConsole((request) => responseOf(answers, request), { token: TOKEN });
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  return {
    get posted() {
      return answers.posted;
    },
    open(path, sight) {
      answers.posted.length = 0;
      return openPage(browser, new URL(path, server.address).href, { ...sight, token: TOKEN });
    },
  };
}

async function responseOf(answers: Answers, request: Request): Promise<Response> {
  // Nothing changes by itself.
  if (request.headers.has('if-none-match')) return new Response(null, { status: 304 });
  const url = new URL(request.url);
  const found = answers.answer(request.method, url, request.method === 'POST' ? await request.json() : undefined);
  const refusal: RefusalView = { error: { code: 'NOT_FOUND', message: `There is no ${url.pathname}.`, remedy: 'Look at the list.' } };
  return Response.json(found ?? refusal, { status: found === undefined ? 404 : 200 });
}
