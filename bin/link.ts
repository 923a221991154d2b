import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { isOrchestratorError, OrchestratorError } from '../lib/contract/errors.ts';
import type { Json } from '../lib/contract/schema.ts';
import type { Acts, OpenedActs } from './acts.ts';

/**
 * How other commands reach a running `tutti dev`: a socket in its folder, which only who may write there can open. Each line
 * is a JSON object: a request names an act, its answer carries the same number.
 */
interface Request {
  readonly number: number;
  readonly act: keyof Acts;
  readonly request: Json;
}

type Answer =
  | { readonly number: number; readonly answer: Json }
  | {
      readonly number: number;
      readonly error: { readonly code: string; readonly message: string; readonly remedy: string; readonly retryable: boolean };
    };

/** Answers requests until it is closed. The folder is ours, so a socket that stands there was left by a crash. */
export async function serveLink(path: string, acts: Acts): Promise<{ close(): Promise<void> }> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Who asked may have gone; what was asked for is done all the same.
    socket.on('error', () => socket.destroy());
    createInterface({ input: socket }).on('line', (line) => void answerLine(socket, line, acts));
  });
  await listening(server, path);
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}

async function answerLine(socket: Socket, line: string, acts: Acts): Promise<void> {
  const asked = parseRequest(line);
  if (asked === undefined) {
    // It speaks something else, so an answer would tell it nothing.
    socket.destroy();
    return;
  }
  const { number, act, request } = asked;
  const send = (answer: Answer): void => void socket.write(`${JSON.stringify(answer)}\n`);
  try {
    if (!Object.hasOwn(acts, act)) throw unknownAct(act);
    const run = acts[act] as unknown as (request: Json) => Promise<Json>;
    send({ number, answer: await run(request) });
  } catch (error) {
    const { code, message, remedy, retryable } = isOrchestratorError(error) ? error : internal(error);
    send({ number, error: { code, message, remedy, retryable } });
  }
}

function parseRequest(line: string): Request | undefined {
  try {
    const value = JSON.parse(line) as Partial<Request> | null;
    return typeof value?.number === 'number' && typeof value.act === 'string' ? (value as Request) : undefined;
  } catch {
    return undefined;
  }
}

function unknownAct(act: string): OrchestratorError {
  return new OrchestratorError('UNSUPPORTED', `The running tutti dev does not know the act ${act}.`, {
    retryable: false,
    remedy: 'Restart tutti dev with this version of Tutti.',
  });
}

function internal(error: unknown): OrchestratorError {
  return new OrchestratorError('INTERNAL', `The running tutti dev failed: ${String(error)}.`, {
    retryable: false,
    remedy: 'Look at the output of tutti dev; this is a fault of Tutti.',
  });
}

/** The acts of a running `tutti dev`; undefined where nothing listens. */
export async function openLink(path: string): Promise<OpenedActs | undefined> {
  const socket = await connected(path);
  if (socket === undefined) return undefined;
  const waiting = new Map<number, { resolve(answer: Json): void; reject(error: Error): void }>();
  createInterface({ input: socket }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    const asked = waiting.get(answer.number);
    waiting.delete(answer.number);
    if ('error' in answer) asked?.reject(new OrchestratorError(answer.error.code, answer.error.message, answer.error));
    else asked?.resolve(answer.answer);
  });
  const gone = (): void => {
    for (const asked of waiting.values()) asked.reject(unreachable(path));
    waiting.clear();
  };
  socket.on('close', gone);
  socket.on('error', gone);
  let count = 0;
  const ask = (act: string, request: Json): Promise<Json> =>
    new Promise((resolve, reject) => {
      const number = (count += 1);
      waiting.set(number, { resolve, reject });
      socket.write(`${JSON.stringify({ number, act, request })}\n`);
    });
  const acts = new Proxy({}, { get: (_, act) => (request: Json) => ask(String(act), request) }) as Acts;
  return { acts, close: () => void socket.destroy() };
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function unreachable(path: string): OrchestratorError {
  return new OrchestratorError('UNREACHABLE', `The running tutti dev at ${path} ended before it answered.`, {
    retryable: true,
    remedy: 'Start tutti dev again: what it had taken is not lost.',
  });
}
