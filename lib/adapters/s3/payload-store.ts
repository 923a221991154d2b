import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { ContractError, PayloadSlow } from '../../contract/errors.ts';
import { excessBytes, utf8Length, VALUE_BYTES_MAX } from '../../contract/wire/wire.ts';
import type { Author, PayloadStore } from '../../ports/payload-store.ts';

export interface S3PayloadStoreOptions {
  /** A function is called when the first value is put or read, because most processes never handle one. */
  readonly client: S3Client | (() => Promise<S3Client>);
  readonly bucket: string;
  /** The account of the bucket. S3 refuses a request if another account owns a bucket of this name. */
  readonly owner: string;
  /** The prefix under which this writer may put: `orchestrator`, `_clients`, or the name of a service. */
  readonly writer: string;
}

/** Objects whose tag of this name is `true` are removed by a rule of the bucket. */
export const RETIRED_TAG = 'retired';

const REFERENCE = /^s3:\/\/([^/]+)\/([^/]+\/[^/]+\/[0-9a-f]{64})$/;

const MB = 1024 * 1024;

/** The time-out of a request with so many bytes: that of any other request, and a second for each MB. */
function timeoutMs(bytes: number): number {
  return 2_000 + Math.ceil(bytes / MB) * 1_000;
}

function tooLarge(what: string, bytes: number): ContractError {
  return new ContractError('DATA_TOO_LARGE', `${what} has ${bytes} bytes: at most ${VALUE_BYTES_MAX} are allowed.`);
}

/**
 * The body of an object. Its length is known before it is read, and an object above the limit of a value is not read, because it could take all
 * memory. The time-out of the request ends with its headers, so the body has one of its own.
 */
async function bodyText(key: string, { Body, ContentLength = 0 }: GetObjectCommandOutput): Promise<string | undefined> {
  const body = Body as (typeof Body & { destroy?(error?: Error): void }) | undefined;
  if (ContentLength > VALUE_BYTES_MAX) {
    body?.destroy?.();
    throw tooLarge(`The value at ${key}`, ContentLength);
  }
  const late = new PayloadSlow(`The value at ${key} was not read within ${timeoutMs(ContentLength)} ms.`);
  const timer = setTimeout(() => body?.destroy?.(late), timeoutMs(ContentLength));
  try {
    return await body?.transformToString();
  } finally {
    clearTimeout(timer);
  }
}

/** Values in a bucket, under `<writer>/<pid, URI-encoded>/<hash>`. Puts under its own prefix, fetches values of any writer. */
export class S3PayloadStore implements PayloadStore {
  readonly #make: () => Promise<S3Client>;
  readonly #bucket: string;
  readonly #owner: string;
  readonly #writer: string;
  #client: Promise<S3Client> | undefined;

  constructor({ client, bucket, owner, writer }: S3PayloadStoreOptions) {
    this.#make = typeof client === 'function' ? client : async () => client;
    this.#bucket = bucket;
    this.#owner = owner;
    this.#writer = writer;
  }

  async put(pid: string, hash: string, json: string): Promise<void> {
    const excess = excessBytes(json);
    if (excess !== undefined) throw tooLarge(`A value of ${pid}`, excess);
    const [client, { PutObjectCommand }] = await this.#loaded();
    await client.send(new PutObjectCommand({ ...this.#at(this.#keyOf(pid, hash)), Body: json, ContentType: 'application/json' }), {
      requestTimeout: timeoutMs(utf8Length(json)),
    });
  }

  get(pid: string, hash: string): Promise<string | undefined> {
    return this.#read(this.#keyOf(pid, hash));
  }

  reference(pid: string, hash: string): string {
    return `s3://${this.#bucket}/${this.#keyOf(pid, hash)}`;
  }

  isOf(reference: string, { writer, folder }: Author): boolean {
    const [, bucket, key = ''] = REFERENCE.exec(reference) ?? [];
    const [by, at] = key.split('/');
    return bucket === this.#bucket && by === writer && (folder === undefined || at === encodeURIComponent(folder));
  }

  async fetch(reference: string): Promise<string | undefined> {
    const [, bucket, key] = REFERENCE.exec(reference) ?? [];
    return key === undefined || bucket !== this.#bucket ? undefined : this.#read(key);
  }

  /** Marks a value to expire, or removes the mark. A value that is put again is a new object, without the tag. */
  async retire(reference: string, retired: boolean): Promise<void> {
    const [, bucket, key] = REFERENCE.exec(reference) ?? [];
    if (key === undefined || bucket !== this.#bucket) return;
    const [client, { PutObjectTaggingCommand }] = await this.#loaded();
    const Tagging = { TagSet: [{ Key: RETIRED_TAG, Value: String(retired) }] };
    try {
      await client.send(new PutObjectTaggingCommand({ ...this.#at(key), Tagging }));
    } catch (error) {
      if (!(error instanceof Error && error.name === 'NoSuchKey')) throw error;
    }
  }

  /** Deletes all values of an instance that one writer has put. */
  async removeFolder(writer: string, pid: string): Promise<void> {
    const [client, { DeleteObjectCommand, ListObjectsV2Command }] = await this.#loaded();
    const { Bucket, ExpectedBucketOwner } = this.#at('');
    const Prefix = `${writer}/${encodeURIComponent(pid)}/`;
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, ExpectedBucketOwner, Prefix, ...(ContinuationToken !== undefined && { ContinuationToken }) }),
      );
      await Promise.all((page.Contents ?? []).map(({ Key = '' }) => client.send(new DeleteObjectCommand(this.#at(Key)))));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async #read(key: string): Promise<string | undefined> {
    const [client, { GetObjectCommand }] = await this.#loaded();
    let output: GetObjectCommandOutput;
    try {
      output = await client.send(new GetObjectCommand(this.#at(key)));
    } catch (error) {
      // A role without the right to list the bucket gets 403 for a missing key. That is no proof, so it is thrown.
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
      throw error;
    }
    return bodyText(key, output);
  }

  /** Each request names the owner, including requests of methods to come. */
  #at(key: string): { readonly Bucket: string; readonly Key: string; readonly ExpectedBucketOwner: string } {
    return { Bucket: this.#bucket, Key: key, ExpectedBucketOwner: this.#owner };
  }

  #keyOf(pid: string, hash: string): string {
    return `${this.#writer}/${encodeURIComponent(pid)}/${hash}`;
  }

  async #loaded(): Promise<[S3Client, typeof import('./loaded-sdk.ts')]> {
    this.#client ??= this.#make().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return Promise.all([this.#client, import('./loaded-sdk.ts')]);
  }
}
