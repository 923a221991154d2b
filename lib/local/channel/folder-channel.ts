import { lstatSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { ClientError } from '../../contract/errors.ts';
import type { Abortable } from '../../ports/clock.ts';
import { PortChannel, type Caller } from './port-channel.ts';
import { socketEnd } from './socket-end.ts';
import { socketPath } from './socket-path.ts';

interface Line {
  readonly socket: Socket;
  readonly channel: PortChannel;
}

/**
 * Calls to the system that runs on a folder, in another process or in this one. It connects at the first call, and again
 * after the system was restarted. Only pending calls keep this process alive.
 *
 * Input: a method and its arguments. Output: its result, or the error with its code. Trunk: serve-folder.ts answers at the other end of the
 * socket; port-channel.ts carries the calls of both ends, remote-operations.ts lists the methods.
 */
export class FolderChannel implements Caller {
  readonly #directory: string;
  /** Pending calls of `client.changed`, by instance. */
  readonly #changes = new Map<string, Promise<void>>();
  #line: Promise<Line | undefined> | undefined;
  #held = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Whether a system runs on the folder. */
  async connects(): Promise<boolean> {
    return (await this.#connected()) !== undefined;
  }

  /** @throws ClientError `UNREACHABLE` if no system runs on the folder, or if it ends before it answers */
  call<T>(method: string, args: readonly unknown[]): Promise<T> {
    return this.#holding(this.#ask(method, args));
  }

  /** All callers that wait for an instance share one call, because a caller that gives up would leave its own call pending. */
  changed(pid: string, signal?: Abortable): Promise<void> {
    let change = this.#changes.get(pid);
    if (change === undefined) {
      change = this.#ask<void>('client.changed', [pid]).finally(() => this.#changes.delete(pid));
      this.#changes.set(pid, change);
    }
    return this.#holding(change, signal);
  }

  async close(): Promise<void> {
    (await this.#line)?.socket.destroy();
  }

  async #ask<T>(method: string, args: readonly unknown[]): Promise<T> {
    const line = await this.#connected();
    if (line === undefined) throw nothingRuns(this.#directory);
    return line.channel.call<T>(method, args);
  }

  /** Keeps the process alive until `work` has ended or `signal` aborts. */
  async #holding<T>(work: Promise<T>, signal?: Abortable): Promise<T> {
    let holds = true;
    const release = (): void => {
      if (!holds) return;
      holds = false;
      this.#held -= 1;
      if (this.#held === 0) void this.#line?.then((line) => this.#held === 0 && line?.socket.unref());
    };
    this.#held += 1;
    if (this.#held === 1) void this.#line?.then((line) => this.#held > 0 && line?.socket.ref());
    signal?.addEventListener('abort', release, { once: true });
    try {
      return await work;
    } finally {
      signal?.removeEventListener('abort', release);
      release();
    }
  }

  #connected(): Promise<Line | undefined> {
    this.#line ??= this.#open();
    return this.#line;
  }

  async #open(): Promise<Line | undefined> {
    const socket = await dial(socketPath(this.#directory));
    if (socket === undefined) {
      this.#line = undefined;
      return undefined;
    }
    const channel = new PortChannel(socketEnd(socket), {});
    socket.on('close', () => {
      this.#line = undefined;
      channel.close(ended(this.#directory));
    });
    return { socket, channel };
  }
}

/** A connection to the socket at `path`; undefined if no process listens or the socket belongs to another user. */
function dial(path: string): Promise<Socket | undefined> {
  if (!isOurs(path)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}

/** In a folder that all users can write to, another user may have created a socket of that name. */
function isOurs(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (process.getuid === undefined || stat.uid === process.getuid());
}

function nothingRuns(directory: string): ClientError {
  return new ClientError('UNREACHABLE', `No system runs on the folder ${directory}.`, {
    remedy: 'Start the system there with startLocal or tutti dev, or name the folder that it runs on.',
  });
}

function ended(directory: string): ClientError {
  return new ClientError('UNREACHABLE', `The system on the folder ${directory} ended before it answered.`, {
    remedy: 'Start it again, then repeat the request with the same id: requests that it accepted are not lost.',
  });
}
