import { randomBytes, timingSafeEqual } from 'node:crypto';
import { ClientError } from '../contract/errors.ts';

export interface TokenContent {
  readonly service: string;
  readonly commandId: string;
  /** What only the holder of the token knows: the record of the command has it too. */
  readonly nonce: string;
}

const FORM = /^t2\.([A-Za-z0-9_-]{4,700})\.([A-Za-z0-9_-]{22})$/;
const NONCE_BYTES = 16;

/** The token by which a deferred command is answered. Opaque, URL safe, equal for every run of the command. */
export function taskToken({ service, commandId, nonce }: TokenContent): string {
  return `t2.${Buffer.from(`${service}\n${commandId}`).toString('base64url')}.${nonce}`;
}

/** What a token names; whether it is genuine only the record of its command says. Throws `TOKEN_INVALID` for what has not its form. */
export function readTaskToken(token: string): TokenContent {
  const parts = typeof token === 'string' ? FORM.exec(token) : null;
  if (parts === null) throw invalidToken('it does not have the form of a task token');
  const [, content, nonce] = parts as unknown as [string, string, string];
  const text = Buffer.from(content, 'base64url').toString();
  const line = text.indexOf('\n');
  if (line < 1) throw invalidToken('it names no command');
  return { service: text.slice(0, line), commandId: text.slice(line + 1), nonce };
}

/** 128 random bits as 22 characters. */
export const newNonce = (): string => randomBytes(NONCE_BYTES).toString('base64url');

/** Compares without telling by its time how much of it is right. */
export function isSameNonce(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function invalidToken(why: string): ClientError {
  return new ClientError('TOKEN_INVALID', `A task token was refused because ${why}: expected the token of a task of this command.`);
}
