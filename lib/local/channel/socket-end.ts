import type { Socket } from 'node:net';
import { isPost, type ChannelEnd, type Post } from './port-channel.ts';

/** No program of Tutti sends a longer line. The connection is closed before the line takes all memory. */
const LINE_LENGTH_MAX = 256 * 1024 * 1024;

/**
 * A socket as the end of a channel. A post is one line of JSON, so an `undefined` in a list arrives as null. A line that is no post
 * ends the connection, because its sender uses another protocol and would not read an answer.
 */
export function socketEnd(socket: Socket): ChannelEnd {
  return {
    on: (_event, receive) => readLines(socket, receive),
    postMessage: (post) => {
      // If the client is gone, its answer is dropped.
      if (socket.writable) socket.write(`${JSON.stringify(post)}\n`);
    },
  };
}

/** Only `\n` ends a line, because JSON may contain the other line ends of Unicode. */
function readLines(socket: Socket, receive: (post: Post) => void): void {
  const parts: string[] = [];
  let length = 0;
  socket.setEncoding('utf8').on('data', (text: string) => {
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      parts.push(text.slice(from, end));
      const post = parsePost(parts.splice(0).join(''));
      if (post === undefined) return void socket.destroy();
      receive(post);
      from = end + 1;
      length = 0;
    }
    length += text.length - from;
    if (from < text.length) parts.push(text.slice(from));
    if (length > LINE_LENGTH_MAX) socket.destroy();
  });
}

function parsePost(line: string): Post | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isPost(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
