import { createHash } from 'node:crypto';

/** What SQS takes as a message group: up to 128 letters, digits and punctuation marks (ASCII, no space). */
const GROUP_ID = /^[\u0021-\u007e]{1,128}$/;

/** The group as SQS takes it: as it is where it can be, else its SHA-256, so that different groups stay apart. */
export const groupId = (group: string): string => (GROUP_ID.test(group) ? group : createHash('sha256').update(group).digest('hex'));
