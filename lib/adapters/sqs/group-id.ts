import { createHash } from 'node:crypto';

/** The message groups that SQS accepts: up to 128 letters, digits and punctuation marks (ASCII, no space). */
const GROUP_ID = /^[\u0021-\u007e]{1,128}$/;

/** The group itself if SQS accepts it, else its SHA-256, so that different groups stay distinct. */
export function groupId(group: string): string {
  return GROUP_ID.test(group) ? group : createHash('sha256').update(group).digest('hex');
}
