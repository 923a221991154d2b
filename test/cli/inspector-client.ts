import { randomBytes } from 'node:crypto';
import { get, request } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

type Message = Readonly<Record<string, unknown>>;

/** A client of the inspector of a Node process, as an editor has one: the Chrome DevTools Protocol over a WebSocket. */
export class InspectorClient {
  readonly #socket: Socket;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #events: Message[] = [];
  readonly #taken = new Set<Message>();
  #look: () => void = () => {};
  #received = Buffer.alloc(0);
  #id = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#receive(bytes)).on('error', () => {});
    onTestFinished(() => void socket.destroy());
  }

  /** Attaches to the process whose inspector listens on the port of 127.0.0.1, and lets it run if it waits for a debugger. */
  static async attach(port: number): Promise<InspectorClient> {
    const targets = await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: '/json/list' }, (response) => void text(response).then(resolve, reject)).on('error', reject);
    });
    const [{ webSocketDebuggerUrl }] = JSON.parse(targets) as [{ readonly webSocketDebuggerUrl: string }];
    const socket = await new Promise<Socket>((resolve, reject) => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      };
      request({ host: '127.0.0.1', port, path: new URL(webSocketDebuggerUrl).pathname, headers })
        .on('upgrade', (_response, upgraded: Socket) => resolve(upgraded))
        .on('error', reject)
        .end();
    });
    const client = new InspectorClient(socket);
    await client.send('Debugger.enable');
    await client.send('Runtime.enable');
    await client.send('Runtime.runIfWaitingForDebugger');
    return client;
  }

  async send(method: string, params: Message = {}): Promise<Message> {
    const id = (this.#id += 1);
    const answer = new Promise<Message>((resolve) => void this.#answers.set(id, resolve));
    this.#socket.write(frameOf(JSON.stringify({ id, method, params })));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Message;
  }

  /** Resolves with the next pause of the process that this method has not returned yet. */
  paused(): Promise<Paused> {
    return new Promise((resolve) => {
      this.#look = () => {
        const pause = this.#events.find((event) => event['method'] === 'Debugger.paused' && !this.#taken.has(event));
        if (!pause) return;
        this.#look = () => {};
        this.#taken.add(pause);
        resolve(pause['params'] as Paused);
      };
      this.#look();
    });
  }

  /** The file in which the process has paused. */
  file({ callFrames: [frame] }: Paused): string | undefined {
    const parsed = this.#events.filter((event) => event['method'] === 'Debugger.scriptParsed').map(({ params }) => params as Script);
    return parsed.find(({ scriptId }) => scriptId === frame?.location.scriptId)?.url;
  }

  /** The value of an expression in the frame in which the process has paused. */
  async value({ callFrames: [frame] }: Paused, expression: string): Promise<unknown> {
    const of = { callFrameId: frame?.callFrameId, expression, returnByValue: true };
    return ((await this.send('Debugger.evaluateOnCallFrame', of))['result'] as { readonly value: unknown }).value;
  }

  close(): void {
    this.#socket.end();
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (let message = this.#next(); message; message = this.#next()) {
      if (typeof message['id'] === 'number') this.#answers.get(message['id'])?.(message);
      else this.#events.push(message);
    }
    this.#look();
  }

  /** Takes a whole frame from the received bytes. The inspector sends a message as one frame. */
  #next(): Message | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const short = bytes[1] as number;
    const from = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < from) return undefined;
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    if (bytes.length < from + length) return undefined;
    this.#received = bytes.subarray(from + length);
    return bytes[0] === 0x81 ? (JSON.parse(bytes.toString('utf8', from, from + length)) as Message) : {};
  }
}

export interface Paused {
  readonly callFrames: readonly { readonly callFrameId: string; readonly location: { readonly scriptId: string } }[];
}

interface Script {
  readonly scriptId: string;
  readonly url: string;
}

/** A text frame of a client. Its mask may be zero. */
function frameOf(message: string): Buffer {
  const payload = Buffer.from(message);
  const header = Buffer.alloc(8);
  header[0] = 0x81;
  header[1] = 0x80 | 126;
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
