// Made by tutti contracts import topics.yaml --service topics. The next import replaces this file: change the document instead.
// The document has no retry, timeout or dedupeBy. An upcast here reads data of the previous version as the next one.

import * as z from 'zod';
import { command, service } from 'tutti';

export const Owner = z.object({
  get topics() {
    return z.array(Topic);
  },
});

export const Index: z.ZodType<z.core.util.JSONType> = z.record(z.string(), z.lazy(() => Index));

export const Topic = z.object({
  name: z.string(),
  get next() {
    return z.optional(Topic);
  },
  get parent() {
    return Topic.nullable();
  },
  get children() {
    return z.array(Topic);
  },
  get owner() {
    return z.optional(Owner);
  },
  index: Index.optional(),
});

export const topics = service('topics', {
  merge: command({
    input: Topic,
  }),
});
