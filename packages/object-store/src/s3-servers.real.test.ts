import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { findObjectStorePrerequisites } from '../../../test/services/object-stores/build-store.ts'
import { startMinio } from '../../../test/services/object-stores/start-minio.ts'
import { startVersitygw } from '../../../test/services/object-stores/start-versitygw.ts'
import type { StartedStore } from '../../../test/services/object-stores/store-process.ts'
import { objectStoreContract } from '../../testing/src/contracts/object-store-contract.ts'
import { objectStoreIsolationContract } from '../../testing/src/contracts/object-store-isolation-contract.ts'
import { openBucketAccess, openS3ObjectStore } from './index.ts'
import { bucketIsolationContract } from './testing/bucket-isolation.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const { signal } = new AbortController()
const missing = findObjectStorePrerequisites()
const servers = [
  { name: 'MinIO', start: startMinio, nestedNames: 'hidden' as const },
  { name: 'versitygw', start: startVersitygw, nestedNames: 'refused' as const },
]
/** A first build takes minutes. */
const startLimitMs = 20 * 60_000

describe.skipIf(missing !== null).each(servers)(
  `an S3 server of an operator: $name${missing === null ? '' : ` (skipped: ${missing})`}`,
  ({ name, start, nestedNames }) => {
    let folder: string
    let server: StartedStore
    const open = (key = {}) => openS3ObjectStore({ ...server, ...key, log })
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'leasehold-s3-'))
      server = await start({ folder, log: () => {}, signal })
    }, startLimitMs)
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
  },
)
