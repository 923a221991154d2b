import { createHash } from 'node:crypto';

/** In hex. The core takes it as an argument: it imports no Node builtin. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
