import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { ClientError } from '../contract/errors.ts';

/** With a key, only who knows it can make tokens; without, the token is only protected against typing errors. */
export type TokenKey = string | Uint8Array;

export interface TokenContent {
  readonly service: string;
  readonly commandId: string;
}

const FORM = /^t1\.([A-Za-z0-9_-]{4,700})\.([A-Za-z0-9_-]{22})$/;

/** The token by which a deferred command is answered. Opaque, URL safe, equal for every run of the command. */
export function taskToken(service: string, commandId: string, key?: TokenKey): string {
  const content = Buffer.from(`${service}\n${commandId}`).toString('base64url');
  return `t1.${content}.${checksum(content, key)}`;
}

/** What a token names. Throws `TOKEN_INVALID` for anything that `taskToken` did not make with this key. */
export function readTaskToken(token: string, key?: TokenKey): TokenContent {
  const parts = typeof token === 'string' ? FORM.exec(token) : null;
  if (parts === null) throw invalidToken('it does not have the form of a task token');
  const [, content, sum] = parts as unknown as [string, string, string];
  if (!timingSafeEqual(Buffer.from(sum), Buffer.from(checksum(content, key)))) throw invalidToken('its checksum is wrong');
  const text = Buffer.from(content, 'base64url').toString();
  const line = text.indexOf('\n');
  if (line < 1) throw invalidToken('it names no command');
  return { service: text.slice(0, line), commandId: text.slice(line + 1) };
}

export function invalidToken(why: string): ClientError {
  return new ClientError('TOKEN_INVALID', `A task token was refused because ${why}: expected the token of a task of this command.`);
}

/** 128 bits as 22 characters. */
function checksum(content: string, key: TokenKey | undefined): string {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash.update(`t1.${content}`).digest('base64url').slice(0, 22);
}
