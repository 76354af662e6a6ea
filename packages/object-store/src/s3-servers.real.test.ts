import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findObjectStorePrerequisites } from '../../../test/services/object-stores/build-store.ts'
import { startMinio } from '../../../test/services/object-stores/start-minio.ts'
import { startVersitygw } from '../../../test/services/object-stores/start-versitygw.ts'
import type { StartedStore } from '../../../test/services/object-stores/store-process.ts'
import { objectStoreContract } from '../../testing/src/contracts/object-store-contract.ts'
import { objectStoreIsolationContract } from '../../testing/src/contracts/object-store-isolation-contract.ts'
import { openBucketAccess, openS3ObjectStore, probeObjectStore } from './index.ts'
import { bucketIsolationContract } from './testing/bucket-isolation.ts'
import { storeFeaturesContract } from './testing/store-features.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const { signal } = new AbortController()
const missing = findObjectStorePrerequisites()
const works = {
  'bucket-credentials': 'works',
  'unfinished-uploads': 'works',
  checksums: 'works',
} as const
const servers = [
  {
    name: 'MinIO',
    start: startMinio,
    nestedNames: 'hidden' as const,
    credentials: 'session' as const,
    states: { ...works, encryption: 'works', quota: 'works', cors: 'missing' } as const,
  },
  {
    name: 'versitygw',
    start: startVersitygw,
    nestedNames: 'refused' as const,
    credentials: 'user' as const,
    states: { ...works, encryption: 'ignored', quota: 'missing', cors: 'works' } as const,
  },
]
const reason = missing === null ? '' : ` (skipped: ${missing})`
/** A first build takes minutes. */
const startLimitMs = 20 * 60_000

describe.skipIf(missing !== null).each(servers)(
  `an S3 server of an operator: $name${reason}`,
  ({ name, start, nestedNames, states, credentials }) => {
    let folder: string
    let server: StartedStore
    const open = (key = {}) => openS3ObjectStore({ ...server, ...key, log })
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'leasehold-s3-'))
      server = await start({ folder, log: () => {}, signal })
    }, startLimitMs)
    it('says what to do when it refuses the key or does not answer', async () => {
      const options = { ...server, log, now: Date.now }
      const wrong = { ...options, secretAccessKey: 'not-the-secret' }
      const gone = { ...options, endpoint: 'http://127.0.0.1:9' }

      for (const one of [wrong, gone])
        await expect(probeObjectStore(one, signal)).rejects.toMatchObject({
          code: 'service/unavailable',
        })
    })

    afterAll(async () => {
      await server?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    objectStoreContract(name, { open: async () => open(), nestedNames })
    objectStoreContract(`${name}, everything large sent in parts`, {
      nestedNames,
      open: async () => openS3ObjectStore({ ...server, log, singlePutBytes: 9 * 1_048_576 }),
    })
    objectStoreIsolationContract(name, {
      endpoint: () => server.endpoint,
      open,
      platformKey: () => server,
    })
    bucketIsolationContract(name, {
      address: () => server,
      store: open,
      access: () => openBucketAccess({ ...server, log, now: Date.now }),
      rights: ['read', 'read-write'],
    })
    storeFeaturesContract(name, { address: () => server, states, credentials })
  },
)

describe.skipIf(missing !== null)(`MinIO without a key to encrypt with${reason}`, () => {
  it('is said to refuse encryption, and stores all the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'leasehold-s3-'))
    const server = await startMinio({ folder, log: () => {}, signal, encryption: false })
    try {
      const report = await probeObjectStore({ ...server, log, now: Date.now }, signal)
      const store = openS3ObjectStore({ ...server, log })
      await store.ensureBucket('leasehold-plain', signal)

      const encryption = report.findings.find(({ feature }) => feature === 'encryption')
      expect(encryption).toMatchObject({ state: 'missing' })
      expect(encryption?.advice).toContain('MINIO_KMS_SECRET_KEY')
      store.close()
    } finally {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
