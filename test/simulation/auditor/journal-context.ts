import type { Image } from '../../../lib/core/image.ts';
import type { Contracts } from './contracts.ts';
import type { InstancePicture, RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** What new entries of one commit are looked at with. */
export interface JournalContext {
  readonly picture: InstancePicture;
  readonly run: RunPicture;
  /** The image before this commit, where it is of the same run. */
  readonly before: Image | undefined;
  readonly contracts: Contracts;
  readonly report: Report;
}
