import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClientError } from '../lib/contract/errors.ts';

/** The address of this machine that no other machine reaches. */
export const LOOPBACK = '127.0.0.1';

/** Resolves when the server listens. `what` and `option`: the served thing and the option that names its port, for the error. */
export function listenOn(
  server: Server,
  port: number,
  { what, option }: { readonly what: string; readonly option: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ClientError('UNREACHABLE', `${what} cannot use port ${port}: ${cause.message}.`, {
          cause,
          remedy: `Name another port with ${option}.`,
        }),
      ),
    );
    server.listen(port, LOOPBACK, () => resolve());
  });
}

/** `http://127.0.0.1:<port>`. */
export function addressOf(server: Server): string {
  return `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`;
}

/** Ends the open requests too: a held one would keep the program for its whole wait. */
export function closeNow(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Whether a request names this host: another name that resolves to it is refused (DNS rebinding). */
export function namesLoopback(host: string | undefined, port: number): boolean {
  return host === `${LOOPBACK}:${port}` || host === `localhost:${port}`;
}
