import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Installation } from './installation.ts'
import { requireHash } from './store-program.ts'
import { settingsFiles, storeArguments, storeEnvironment } from './store-settings.ts'

const installation: Installation = {
  ports: {
    master: 1,
    'master-grpc': 2,
    volume: 3,
    'volume-grpc': 4,
    filer: 5,
    'filer-grpc': 6,
    s3: 7,
    's3-grpc': 8,
  },
  accessKeyId: 'KEYID',
  secretAccessKey: 'planted-secret',
  signingKeys: ['planted-one', 'planted-two', 'planted-three', 'planted-four'],
  key: 'planted-key',
  certificate: 'CERT',
}

describe('the settings of the embedded store', () => {
  it('put no secret where other users can read it', () => {
    const open = [
      ...storeArguments('/state', installation),
      ...Object.values(storeEnvironment('/state')),
    ].join(' ')

    expect(open).not.toContain('planted')
    expect(open).not.toContain('KEYID')
  })

  it('bind to loopback, call nobody and start nothing that is not needed', () => {
    const words = storeArguments('/state', installation)

    expect(words).toEqual(
      expect.arrayContaining([
        '-ip.bind=127.0.0.1',
        '-master.telemetry=false',
        '-disableHttp',
        '-filer.disableHttp',
        '-s3.port.iceberg=0',
        '-s3.port.lance=0',
        '-s3.autoCreateBucket=false',
      ]),
    )
  })

  it('sign and encrypt what the parts say to each other, with different keys', () => {
    const security = settingsFiles('/state', installation).find(
      ({ name }) => name === 'security.toml',
    )

    for (const key of installation.signingKeys) expect(security?.text).toContain(`"${key}"`)
    for (const part of ['master', 'volume', 'filer', 's3', 'client'])
      expect(security?.text).toContain(`[grpc.${part}]`)
  })
})

describe('a fetched program', () => {
  it('is refused unless it is the one that was checked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'leasehold-wheel-'))
    const file = join(folder, 'wheel')
    await writeFile(file, 'something else')

    await expect(requireHash(file, '0'.repeat(64))).rejects.toThrow('so it was not run')
    await rm(folder, { recursive: true })
  })
})
