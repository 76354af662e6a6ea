import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { openBucketAccess, openS3ObjectStore, probeObjectStore } from '@leasehold/object-store'
import { certificatesRefused, makeCertificateAuthority } from '@leasehold/testing/certificates'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../../../apps/doctor/src/finding.ts'
import { bucketIsolationContract } from '../../../packages/object-store/src/testing/bucket-isolation.ts'
import { storeFeaturesContract } from '../../../packages/object-store/src/testing/store-features.ts'
import { objectStoreContract } from '../../../packages/testing/src/contracts/object-store-contract.ts'
import { objectStoreIsolationContract } from '../../../packages/testing/src/contracts/object-store-isolation-contract.ts'
import { findObjectStorePrerequisites } from '../../services/object-stores/build-store.ts'
import { startMinio } from '../../services/object-stores/start-minio.ts'
import type { StartedStore } from '../../services/object-stores/store-process.ts'
import { quietLog as log } from '../support/quiet-log.ts'
import { root } from '../support/start-app.ts'

const missing = findObjectStorePrerequisites() ?? certificatesRefused()
const title = `MinIO with TLS, by an authority of one's own${missing === null ? '' : ` (skipped: ${missing})`}`
const { signal } = new AbortController()
/** A first build takes minutes. */
const startLimitMs = 20 * 60_000
/** The start of a process alone takes its time on a busy computer. */
const doctorLimitMs = 180_000

describe.skipIf(missing !== null)(title, () => {
  let folder: string
  let caFile: string
  let server: StartedStore
  const trusted = tls.getCACertificates('default')
  /** What NODE_EXTRA_CA_CERTS does when a process starts. */
  const trust = async () => {
    tls.setDefaultCACertificates([...trusted, await readFile(caFile, 'utf8')])
  }
  const distrust = () => tls.setDefaultCACertificates(trusted)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'leasehold-s3-tls-'))
    const authority = await makeCertificateAuthority(folder)
    caFile = authority.caFile
    const certificate = await authority.issue('store')
    await trust()
    server = await startMinio({ folder, log: () => {}, signal, certificate })
    distrust()
  }, startLimitMs)
  afterAll(async () => {
    distrust()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is refused where nobody trusts its authority, and the log says why', async () => {
    const said: object[] = []
    const heard = { ...log, warn: (fields: object) => void said.push(fields) }
    const store = openS3ObjectStore({ ...server, log: heard })

    await expect(store.check(signal)).rejects.toMatchObject({ code: 'service/unavailable' })
    await expect(
      probeObjectStore({ ...server, log: heard, now: Date.now }, signal),
    ).rejects.toMatchObject({ code: 'service/unavailable' })

    store.close()
    expect(said).toContainEqual(
      expect.objectContaining({ reason: expect.stringMatching(/VERIFY|CERT/) }),
    )
  })

  it(
    'is found by the doctor where its authority is not trusted, with what to do',
    async () => {
      const [finding, ...more] = await examine({})

      expect(more).toEqual([])
      expect(finding).toMatchObject({ check: 'certificate', verdict: 'problem' })
      expect(finding?.advice).toContain('NODE_EXTRA_CA_CERTS')
    },
    doctorLimitMs,
  )

  it(
    'is as good as any other to the doctor who is told to trust it',
    async () => {
      const findings = await examine({ NODE_EXTRA_CA_CERTS: caFile })

      expect(findings.filter(({ verdict }) => verdict === 'problem')).toEqual([])
      expect(findings.map(({ check }) => check)).toEqual(
        expect.arrayContaining(['answers', 'writes', 'bucket-credentials', 'quota']),
      )
    },
    doctorLimitMs,
  )

  describe('trusted', () => {
    const open = (key = {}) => openS3ObjectStore({ ...server, ...key, log })
    beforeAll(trust)

    objectStoreContract('MinIO over TLS', { open: async () => open(), nestedNames: 'hidden' })
    objectStoreContract('MinIO over TLS, everything large sent in parts', {
      nestedNames: 'hidden',
      open: async () => openS3ObjectStore({ ...server, log, singlePutBytes: 9 * 1_048_576 }),
    })
    objectStoreIsolationContract('MinIO over TLS', {
      endpoint: () => server.endpoint,
      open,
      platformKey: () => server,
    })
    bucketIsolationContract('MinIO over TLS', {
      address: () => server,
      store: open,
      access: () => openBucketAccess({ ...server, log, now: Date.now }),
      rights: ['read', 'read-write'],
    })
    storeFeaturesContract('MinIO over TLS', {
      address: () => server,
      credentials: 'session',
      states: {
        ...{ 'bucket-credentials': 'works', 'unfinished-uploads': 'works', checksums: 'works' },
        ...{ encryption: 'works', quota: 'works', cors: 'missing' },
      },
    })
  })

  /** What the doctor, a process of its own, finds of the object store. */
  async function examine(more: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
    const env = {
      PATH: process.env.PATH ?? '',
      LEASEHOLD_STATE: join(folder, 'state'),
      S3_ENDPOINT: server.endpoint,
      S3_ACCESS_KEY_ID: server.accessKeyId,
      S3_SECRET_ACCESS_KEY: server.secretAccessKey,
      ...more,
    }
    const words = [join(root, 'apps/doctor/src/main.ts'), '--json']
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, words, { env, timeout: 150_000 }, (_error, output) =>
        resolve(output),
      )
    })
    const { findings } = JSON.parse(said) as { findings: readonly Finding[] }
    return findings.filter(({ part }) => part === 'object store')
  }
})
