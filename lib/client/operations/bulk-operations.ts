import type { Reach } from '../connection.ts';
import { actOnBulk, bulkResults, describeBulk, listBulk, previewBulk, startBulk, type BulkDescription, type BulkResult } from '../bulk.ts';
import type { BulkOperation, BulkResponse, ListedBulk } from './operations.ts';

/** `tutti bulk`, and the operations of the command line that take a filter. */
export async function bulkOperation(reach: Reach, request: BulkOperation): Promise<BulkResponse> {
  switch (request.do) {
    case 'preview':
      return { preview: await previewBulk(reach, request.request) };
    case 'start': {
      const { preview, reason, perSecond } = request;
      const { id } = await startBulk(reach, preview, { reason, ...(perSecond !== undefined && { perSecond }) });
      return { jobs: [inTexts(await describeBulk(reach, id))] };
    }
    case 'list': {
      const jobs: ListedBulk[] = [];
      for await (const job of listBulk(reach)) jobs.push(inTexts(job));
      return { jobs };
    }
    case 'describe':
      return { jobs: [inTexts(await describeBulk(reach, request.id))] };
    case 'results': {
      const results: BulkResult[] = [];
      for await (const result of bulkResults(reach, request.id)) results.push(result);
      return { results };
    }
    default:
      await actOnBulk(reach, request.id, { act: request.do, reason: request.reason });
      return { jobs: [inTexts(await describeBulk(reach, request.id))] };
  }
}

/** Dates become ISO texts, as JSON writes them. */
function inTexts(job: BulkDescription): ListedBulk {
  return JSON.parse(JSON.stringify(job)) as ListedBulk;
}
