import type { Image } from '../../../lib/core/image.ts';
import type { Contracts } from './contracts.ts';
import type { ForkRequests, StepOwners } from './step-owners.ts';
import type { InstancePicture, PictureOf, RunPicture } from './instance-picture.ts';
import type { Report } from './violations.ts';

/** The context in which the new entries of one commit are checked. */
export interface JournalContext {
  readonly picture: InstancePicture;
  readonly run: RunPicture;
  /** The image before this commit, if it is of the same run. */
  readonly before: Image | undefined;
  readonly contracts: Contracts;
  readonly pictureOf: PictureOf;
  readonly owners: StepOwners;
  readonly forkRequests: ForkRequests;
  /** The number of this happening. */
  readonly at: number;
  readonly report: Report;
}
