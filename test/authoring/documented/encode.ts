import { command, event, process, service } from 'tutti';
import * as z from 'zod';

export const Uploaded = event('media.uploaded', z.object({ file: z.string(), owner: z.string() }));
export const encoders = service('encoders', {
  encode: command({ input: z.object({ file: z.string() }) }),
  index: command({ input: z.object({ files: z.array(z.string()) }) }),
});

const startOn = Uploaded.byId((upload) => upload.file);
const key = (upload: { readonly owner: string }): string => upload.owner;
const twoAtOnce = { concurrency: { key, most: 2 } };
const whenQuiet = { debounce: { key, quiet: '10 seconds' } } as const;

export const encode = process('encode', { startOn, start: twoAtOnce }, async (ctx, { file }) => {
  await ctx.call(encoders.encode, { file });
});

export const index = process('index', { startOn, start: whenQuiet }, async (ctx, uploads) => {
  await ctx.call(encoders.index, { files: uploads.map(({ file }) => file) });
});
