import { isClosed } from '../../../lib/core/image.ts';
import type { InstancePicture } from './instance-picture.ts';
import { Outbox } from './outbox.ts';
import type { Report } from './violations.ts';

/**
 * The picture of a retired instance. It keeps its runs: if a redelivered old message begins one of them again, that run has begun twice
 * (I7).
 */
export const retirePicture = (picture: InstancePicture, at: number, report: Report): void => {
  const { pid, head, image, outbox, disturbed } = picture;
  if (!head || !isClosed(head.status)) report('I8', `${pid} was retired while it was ${head?.status ?? 'not there'}`);
  if (!disturbed && image) for (const unsent of outbox.unsent(() => true)) report('I2', `${pid} was retired before it had sent ${unsent}`);
  picture.wasRetired = true;
  picture.head = undefined;
  picture.image = undefined;
  picture.outbox = new Outbox();
  picture.outbox.decided = outbox.decided;
  // Messages have no instance from now on, until a start begins it again.
  picture.startedAt = Infinity;
  picture.closedUntil = at;
};
