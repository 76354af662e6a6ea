import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { kill } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { objectStoreContract } from '../../../testing/src/contracts/object-store-contract.ts'
import { objectStoreIsolationContract } from '../../../testing/src/contracts/object-store-isolation-contract.ts'
import {
  type EmbeddedObjectStore,
  openBucketAccess,
  openS3ObjectStore,
  startEmbeddedObjectStore,
} from '../index.ts'
import { bucketIsolationContract } from '../testing/bucket-isolation.ts'
import { storeFeaturesContract } from '../testing/store-features.ts'
import { listeningOf } from '../throwaway/listening-sockets.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const { signal } = new AbortController()
/** The program is fetched once for all tests and for the platform itself. */
const cacheFolder = resolve('.leasehold/cache')
const missing = await whatIsMissing()

describe.skipIf(missing !== null)(
  `the embedded object store${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string
    let server: EmbeddedObjectStore
    let firstPid: number
    const start = async () => {
      server = await startEmbeddedObjectStore({ folder, log, cacheFolder })
    }
    const open = (key = {}) => openS3ObjectStore({ ...server, ...key, log })
    beforeAll(async () => {
      folder = join(await mkdtemp(join(tmpdir(), 'leasehold-store-')), 'store')
      await startInProcessThatDies(folder)
      firstPid = await pidOf(folder)
      await start()
    }, 300_000)
    afterAll(async () => {
      await server.stop()
      await rm(join(folder, '..'), { recursive: true, force: true })
    })

    objectStoreContract('SeaweedFS, embedded', { open: async () => open() })
    objectStoreContract('SeaweedFS, embedded, everything large sent in parts', {
      open: async () => openS3ObjectStore({ ...server, log, singlePutBytes: 9 * 1_048_576 }),
    })
    objectStoreIsolationContract('SeaweedFS, embedded', {
      endpoint: () => server.endpoint,
      open,
      platformKey: () => server,
    })
    bucketIsolationContract('SeaweedFS, embedded', {
      address: () => ({ ...server, iamEndpoint: server.endpoint }),
      store: open,
      access: () => openBucketAccess({ ...server, log, now: Date.now }),
      rights: ['read'],
    })
    storeFeaturesContract('SeaweedFS, embedded', {
      address: () => ({ ...server, iamEndpoint: server.endpoint }),
      credentials: 'user',
      states: {
        encryption: 'missing',
        'bucket-credentials': 'works',
        'unfinished-uploads': 'works',
        cors: 'works',
        checksums: 'works',
        quota: 'missing',
      },
    })

    it('listens on loopback only, and answers nobody on the ports behind S3', async () => {
      const { ports } = JSON.parse(await readFile(join(folder, 'installation.json'), 'utf8'))
      const listening = await listeningOf(await pidOf(folder))
      expect(new Set(listening.map(({ host }) => host))).toEqual(new Set(['127.0.0.1']))
      expect(listening.length).toBeGreaterThanOrEqual(6)

      const questions = ['/dir/assign', '/dir/lookup?volumeId=1', '/col/delete?collection=x']
      const files = ['/buckets/leasehold-probe/', '/1,0123456789', '/vol/grow?count=1']
      for (const port of [ports.master, ports.volume, ports.filer])
        for (const path of [...questions, ...files])
          expect([0, 400, 401, 404, 405]).toContain(
            await statusOf(`http://127.0.0.1:${port}${path}`),
          )
    })

    it('keeps its secrets from other users, and out of its arguments', async () => {
      for (const file of ['installation.json', 's3.json', 'security.toml', 'store.key'])
        expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
      const spoken = await readFile(`/proc/${await pidOf(folder)}/cmdline`, 'utf8')
      expect(spoken).not.toContain(server.secretAccessKey)
      for (const name of await readdir(join(folder, 'logs')))
        expect(await readFile(join(folder, 'logs', name), 'utf8')).not.toContain(
          server.secretAccessKey,
        )
    })

    it('was taken over from the process that started it and was killed', async () => {
      expect(await pidOf(folder)).toBe(firstPid)
    })

    it('comes back by itself after kill -9, with its data, under a client that waited', async () => {
      const store = open()
      await store.ensureBucket('leasehold-outage', signal)
      await write(store, 'before.txt')
      const before = await pidOf(folder)

      kill(before, 'SIGKILL')

      await expect
        .poll(
          () =>
            store.check(signal).then(
              () => 'well',
              (error) => error.code,
            ),
          { timeout: 5_000, interval: 10 },
        )
        .toBe('service/unavailable')
      await expect
        .poll(
          () =>
            write(store, 'after.txt').then(
              () => 'written',
              () => 'not yet',
            ),
          { timeout: 40_000, interval: 250 },
        )
        .toBe('written')
      expect(await pidOf(folder)).not.toBe(before)
      expect(await store.head('leasehold-outage', 'before.txt', signal)).not.toBeNull()
    })

    it('starts again with the same data, key and, where possible, ports after it was stopped', async () => {
      const store = open()
      await store.ensureBucket('leasehold-outage', signal)
      await write(store, 'kept.txt')
      const { endpoint, secretAccessKey } = server
      await server.stop()
      await expect(store.head('leasehold-outage', 'kept.txt', signal)).rejects.toMatchObject({
        code: 'service/unavailable',
      })

      await start()

      expect(server).toMatchObject({ endpoint, secretAccessKey })
      expect(await store.head('leasehold-outage', 'kept.txt', signal)).not.toBeNull()
    })

    it('takes other ports, and keeps its data, when somebody else has its own', async () => {
      const store = open()
      await store.ensureBucket('leasehold-outage', signal)
      await write(store, 'kept.txt')
      await server.stop()
      const { ports } = JSON.parse(await readFile(join(folder, 'installation.json'), 'utf8'))
      const squatters = await Promise.all([ports.master, ports.volume, ports.s3].map(squat))
      const before = server.endpoint
      try {
        await start()

        expect(server.endpoint).not.toBe(before)
        const found = await open().get('leasehold-outage', 'kept.txt', signal)
        expect(found).not.toBeNull()
        for await (const piece of found?.body ?? []) expect(piece.byteLength).toBe(7)
        await expect(write(open(), 'new.txt')).resolves.toBeUndefined()
      } finally {
        for (const squatter of squatters) squatter.close()
      }
    })

    it('says what to do when its memory of itself is damaged', async () => {
      const broken = join(await mkdtemp(join(tmpdir(), 'leasehold-store-')), 'store')
      await mkdir(broken)
      await writeFile(join(broken, 'installation.json'), '{"half":')

      await expect(startEmbeddedObjectStore({ folder: broken, log, cacheFolder })).rejects.toThrow(
        /installation\.json is damaged\. Restore/,
      )
      await rm(join(broken, '..'), { recursive: true, force: true })
    })
  },
)

async function whatIsMissing(): Promise<string | null> {
  if (process.platform !== 'linux') return 'SeaweedFS is fetched for Linux only'
  const cached = await readdir(cacheFolder).catch(() => [])
  if (cached.some((name) => name.startsWith('seaweedfs-'))) return null
  const pip = promisify(execFile)('python3', ['-m', 'pip', '--version'])
  return pip.then(
    () => null,
    () => 'python3 with pip is not installed',
  )
}

async function write(store: ReturnType<typeof openS3ObjectStore>, path: string): Promise<void> {
  async function* body() {
    yield Buffer.from('content')
  }
  const facts = { sizeBytes: 7, contentType: 'text/plain', sha256: null }
  await store.put('leasehold-outage', path, body(), facts, signal)
}

/** `kill -9` of the platform: the store must outlive it and be found again. */
async function startInProcessThatDies(folder: string): Promise<void> {
  const script = fileURLToPath(new URL('../throwaway/start-and-wait.ts', import.meta.url))
  const child = spawn(process.execPath, [script, folder, cacheFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function pidOf(folder: string): Promise<number> {
  return JSON.parse(await readFile(join(folder, 'process.json'), 'utf8')).pid
}

async function squat(port: number) {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

async function statusOf(url: string): Promise<number> {
  return fetch(url, { signal: AbortSignal.timeout(3_000) }).then(
    (answer) => answer.status,
    () => 0,
  )
}
