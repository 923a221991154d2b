/** What of S3's client is used at all, loaded when the first large value is met: a bundler leaves out the other hundred commands. */
export { GetObjectCommand, PutObjectCommand, PutObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3';
