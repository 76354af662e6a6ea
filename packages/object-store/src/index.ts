export { type BucketKey, type BucketKeys, openBucketKeys } from './bucket-keys.ts'
export {
  type EmbeddedObjectStore,
  startEmbeddedObjectStore,
} from './embedded/start-embedded-object-store.ts'
export type { S3Address } from './s3-client.ts'
export { openS3ObjectStore, type S3ObjectStoreOptions } from './s3-object-store.ts'
