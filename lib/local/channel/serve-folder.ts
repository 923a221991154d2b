import { chmodSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { claimDirectory } from '../../adapters/embedded/private-file.ts';
import { ClientError } from '../../contract/errors.ts';
import { PortChannel, type Methods } from './port-channel.ts';
import { socketEnd } from './socket-end.ts';
import { socketPath } from './socket-path.ts';

const OWNER_ONLY = 0o600;

export interface FolderServer {
  close(): Promise<void>;
}

/**
 * Answers calls from other processes of the same user until it is closed. The caller has the folder open, so an existing socket
 * is left over from a crash.
 */
export async function serveFolder(directory: string, methods: Methods): Promise<FolderServer> {
  const path = socketPath(directory);
  claimDirectory(dirname(path));
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const offered = ready(methods);
  const server = createServer((socket) => {
    sockets.add(socket);
    const channel = new PortChannel(socketEnd(socket), offered);
    socket.on('close', () => {
      sockets.delete(socket);
      channel.close(new ClientError('UNREACHABLE', 'The client closed the connection.'));
    });
    // The client may be gone, but its requests are still carried out.
    socket.on('error', () => socket.destroy());
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

/** Names that every object has are no methods. If a method throws on invalid arguments, the caller gets a rejection. */
function ready(methods: Methods): Methods {
  const offered = Object.create(null) as Record<string, Methods[string]>;
  for (const [name, method] of Object.entries(methods)) offered[name] = async (...args) => method(...args);
  return offered;
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ClientError('UNREACHABLE', `No socket can be opened at ${path}: ${cause.message}. Other processes cannot reach this system.`, {
          remedy: 'Use a folder on a local disk if other processes are to reach the system.',
          cause,
        }),
      ),
    );
    server.listen(path, () => resolve());
    // In the same turn, so that no other user connects before.
    if (server.listening) chmodSync(path, OWNER_ONLY);
  });
}
