import type { Socket } from 'node:net';
import { isPost, type ChannelEnd, type Post } from './port-channel.ts';

/** A longer line comes of no program of ours; whoever sends it is dropped before it takes all memory. */
const LINE_LENGTH_MAX = 256 * 1024 * 1024;

/**
 * A socket as the end of a channel: a post is one line of JSON, so an `undefined` in a list arrives as null. What is no post
 * ends the connection, because whoever sent it speaks something else and would not read an answer.
 */
export function socketEnd(socket: Socket): ChannelEnd {
  return {
    on: (_event, receive) => readLines(socket, receive),
    postMessage: (post) => {
      // An answer to somebody who has gone is an answer to nobody.
      if (socket.writable) socket.write(`${JSON.stringify(post)}\n`);
    },
  };
}

/** Only `\n` ends a line: JSON may hold what else Unicode calls a line end. */
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
