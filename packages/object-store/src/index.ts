export { type BucketAccessOptions, openBucketAccess } from './credentials/bucket-access.ts'
export {
  type EmbeddedObjectStore,
  startEmbeddedObjectStore,
} from './embedded/start-embedded-object-store.ts'
export type { FeatureState } from './features/feature-probes.ts'
export {
  type ObjectStoreReport,
  probeObjectStore,
  type StoreFeature,
  type StoreFinding,
} from './features/probe-object-store.ts'
export type { S3Address } from './s3-client.ts'
export { openS3ObjectStore, type S3ObjectStoreOptions } from './s3-object-store.ts'
