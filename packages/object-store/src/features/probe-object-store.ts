import {
  findKeyMaker,
  type KeyMakerOptions,
  type StoreCredentials,
} from '../credentials/find-key-maker.ts'
import { prepareProbeBuckets, probeBuckets } from '../credentials/key-limits.ts'
import { openS3Client } from '../s3-client.ts'
import { s3ErrorName, unavailable } from '../s3-errors.ts'
import { setBucketQuota } from './bucket-quota.ts'
import {
  type FeatureState,
  type Probe,
  probeChecksums,
  probeCors,
  probeEncryption,
  probeUploadExpiry,
  probeUploadLists,
} from './feature-probes.ts'

export type StoreFeature =
  | 'encryption'
  | 'bucket-credentials'
  | 'unfinished-uploads'
  | 'cors'
  | 'checksums'
  | 'quota'

/** What a store can do of what Leasehold uses. `advice` is for the operator; null where nothing is to be done. */
export type StoreFinding = {
  readonly feature: StoreFeature
  readonly state: FeatureState
  /** In words: how it works, or what happens instead. */
  readonly detail: string
  readonly advice: string | null
}

export type ObjectStoreReport = {
  readonly endpoint: string
  readonly credentials: StoreCredentials
  readonly findings: readonly StoreFinding[]
}

/**
 * Tries on the store itself, in two buckets named `leasehold-probe…`, what it can do. Throws
 * `service/unavailable` (its cause says why) when it does not answer, or refuses the key. Takes about a second.
 */
export async function probeObjectStore(
  options: KeyMakerOptions,
  signal: AbortSignal,
): Promise<ObjectStoreReport> {
  const client = openS3Client(options)
  try {
    await prepareProbeBuckets(client, signal)
    const probes: readonly [Exclude<StoreFeature, 'bucket-credentials'>, Probe][] = [
      ['encryption', probeEncryption],
      ['unfinished-uploads', probeEnding],
      ['cors', probeCors],
      ['checksums', probeChecksums],
      ['quota', (_client, limited) => setBucketQuota(options, probeBuckets[0], roomBytes, limited)],
    ]
    const findings: StoreFinding[] = []
    for (const [feature, probe] of probes)
      findings.push(finding(feature, await probe(client, signal)))
    const { kind, maker, refusals, endsAtOnce } = await findKeyMaker(options, signal)
    maker?.close()
    findings.push(credentialsFinding(kind, refusals, endsAtOnce))
    return { endpoint: options.endpoint, credentials: kind, findings }
  } catch (error) {
    signal.throwIfAborted()
    options.log.warn({ reason: s3ErrorName(error) }, 'object store could not be probed')
    throw error instanceof Error && error.name === 'DomainError' ? error : unavailable(error)
  } finally {
    client.destroy()
  }
}

/** What the bucket of probes may hold: more than any probe writes. */
const roomBytes = 1_073_741_824

/** By the store's own rule, or else by us. */
const probeEnding: Probe = async (client, signal) =>
  (await probeUploadExpiry(client, signal)) === 'works' ? 'works' : probeUploadLists(client, signal)

function finding(
  feature: Exclude<StoreFeature, 'bucket-credentials'>,
  state: FeatureState,
): StoreFinding {
  const text = words[feature]
  const works = state === 'works'
  return {
    feature,
    state,
    detail: works ? text.works : state === 'ignored' ? text.ignored : text.missing,
    advice: works ? null : text.advice,
  }
}

const words = {
  encryption: {
    works: 'Everything written is encrypted at rest (SSE-S3).',
    missing: 'The store refuses to encrypt at rest (SSE-S3).',
    ignored: 'The store takes the wish to encrypt (SSE-S3) and does not.',
    advice:
      'Give the store a key (MinIO: MINIO_KMS_SECRET_KEY), or put its data on an encrypted file system.',
  },
  'unfinished-uploads': {
    works: 'Parts of uploads that nobody ended are removed after a day.',
    missing: 'Uploads in parts that nobody ended cannot be found.',
    ignored: 'Uploads in parts that nobody ended cannot be found.',
    advice: 'Remove them in the store itself from time to time: their parts take room.',
  },
  cors: {
    works: 'Buckets say which web pages may use them (API_CORS_ORIGINS).',
    missing: 'Buckets cannot say which web pages may use them.',
    ignored: 'The store takes CORS rules and forgets them.',
    advice:
      'Set it for the whole store (MinIO: MINIO_API_CORS_ALLOW_ORIGIN, which is `*` otherwise), or use the API from web pages.',
  },
  checksums: {
    works: 'Content that differs from its checksum is refused.',
    missing: 'Content is not checked against its checksum.',
    ignored: 'Content that differs from its checksum is taken.',
    advice:
      'Leasehold checks what goes through its API. Clients with keys of their own should read back what matters.',
  },
  quota: {
    works:
      'What a bucket may hold is limited by the store (the quota `bucket-gib`, or BUCKET_MAX_GIB).',
    missing:
      'What a bucket may hold cannot be limited (MinIO’s admin API is not there, or not for this key).',
    ignored: 'What a bucket may hold cannot be limited.',
    advice:
      'The quota `bucket-gib` holds for what goes through the API; clients with keys of their own are not limited. Watch the room of the store, or use quotas of its file system.',
  },
} as const

function credentialsFinding(
  kind: StoreCredentials,
  refusals: readonly string[],
  endsAtOnce: boolean,
): StoreFinding {
  const feature = 'bucket-credentials'
  if (kind === 'session')
    return {
      feature,
      state: 'works',
      detail: endsAtOnce
        ? 'Renters get sessions that reach their bucket only, and end with their tenant’s suspension.'
        : 'Renters get sessions that reach their bucket only. Nothing ends them early, so they live 15 minutes.',
      advice: null,
    }
  if (kind === 'user')
    return {
      feature,
      state: 'works',
      detail:
        'Renters get users of the store that reach their bucket only; the worker ends them, at once when a tenant is suspended.',
      advice: null,
    }
  return {
    feature,
    state: 'missing',
    detail: `The store makes no keys that reach one bucket only; renters use links. It said: ${refusals.join(' · ')}`,
    advice:
      'Use a key that may use STS or IAM, and set S3_IAM_ENDPOINT where the store has them elsewhere and S3_ROLE_ARN where it has roles.',
  }
}
