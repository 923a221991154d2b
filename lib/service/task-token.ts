import { randomBytes, timingSafeEqual } from 'node:crypto';
import { ClientError } from '../contract/errors.ts';

export interface TokenContent {
  readonly service: string;
  readonly commandId: string;
  /** The secret part: only the token and the record of the command contain it. */
  readonly nonce: string;
}

const FORM = /^t2\.([A-Za-z0-9_-]{4,700})\.([A-Za-z0-9_-]{22})$/;
const NONCE_BYTES = 16;
/** Random bytes are drawn for this many nonces at a time, because a draw costs more than its bytes. */
const NONCES_DRAWN = 256;

/** The token by which a client replies to a deferred command: opaque, URL-safe, equal for every run of the command. */
export function taskToken({ service, commandId, nonce }: TokenContent): string {
  return `t2.${Buffer.from(`${service}\n${commandId}`).toString('base64url')}.${nonce}`;
}

/**
 * Reads the service, command and nonce of a token. Only the record of the command can say whether it is genuine. Throws `TOKEN_INVALID`
 * for a malformed token.
 */
export function readTaskToken(token: string): TokenContent {
  const parts = typeof token === 'string' ? FORM.exec(token) : null;
  if (parts === null) throw invalidToken('it does not have the form of a task token');
  const [, content, nonce] = parts as unknown as [string, string, string];
  const text = Buffer.from(content, 'base64url').toString();
  const line = text.indexOf('\n');
  if (line < 1) throw invalidToken('it names no command');
  return { service: text.slice(0, line), commandId: text.slice(line + 1), nonce };
}

let drawn = Buffer.alloc(0);
let used = 0;

/** 128 random bits as 22 characters of base64url. */
export function newNonce(): string {
  if (used >= drawn.length) {
    drawn = randomBytes(NONCES_DRAWN * NONCE_BYTES);
    used = 0;
  }
  used += NONCE_BYTES;
  const nonce = drawn.toString('base64url', used - NONCE_BYTES, used);
  // A nonce is a secret of one token, so its bytes do not stay in memory.
  drawn.fill(0, used - NONCE_BYTES, used);
  return nonce;
}

/** Compares in constant time, so that the duration reveals no part of the nonce. */
export function isSameNonce(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function invalidToken(why: string): ClientError {
  return new ClientError('TOKEN_INVALID', `A task token was refused because ${why}: expected the token of a task of this command.`);
}
