import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Lease } from '@leasehold/contract'
import { openDatabase, startEmbeddedPostgres } from '@leasehold/db'
import { developmentOrganizations, startDevIssuer } from '@leasehold/dev-issuer'
import { defaultLimits, type TenantId } from '@leasehold/domain'
import { startEmbeddedObjectStore } from '@leasehold/object-store'
import { aTenant } from '@leasehold/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApiClient } from '../../scripts/client/api-client.ts'
import { signIn } from '../../scripts/client/sign-in.ts'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { newPublicKey } from '../acceptance/support/ssh-keys.ts'

const root = resolve(import.meta.dirname, '../..')
const log = { info: () => {}, warn: () => {}, error: () => {} }
const patience = { withinMs: 120_000, everyMs: 250 }

describe('API, worker and gateway as processes of their own', { timeout: 400_000 }, () => {
  const closers: (() => Promise<unknown>)[] = []
  const said = new Map<string, string>()
  let ports: Readonly<Record<string, number>>
  let issuer: string

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'apps-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    const names = ['API', 'OPERATOR', 'RUN_API', 'GATEWAY', 'SSH', 'WORKER'] as const
    const free = await Promise.all(names.map(freePort))
    ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]))
    const settings = {
      ...(await startParts(folder)),
      ...Object.fromEntries(names.map((name) => [`${name}_PORT`, String(ports[name])])),
      LEASEHOLD_STATE: join(folder, 'state'),
      LEASEHOLD_CACHE: join(root, '.leasehold'),
      LEASEHOLD_MASTER_KEY: randomBytes(32).toString('base64url'),
      SWEEP_SECONDS: '1',
      PATH: '/usr/sbin:/usr/bin:/bin',
    }
    // The first one makes the tables.
    await startApp('api', 'api listens', settings)
    await addTenants(settings.DATABASE_URL)
    await Promise.all([
      startApp('worker', 'worker works', settings),
      startApp('gateway', 'gateway listens', settings),
    ])
  }, 300_000)
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function startParts(folder: string) {
    const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), log })
    closers.push(() => postgres.stop())
    const cacheFolder = join(root, '.leasehold/programs')
    const objects = await startEmbeddedObjectStore({
      ...{ folder: join(folder, 'objects'), cacheFolder, log },
    })
    closers.push(() => objects.stop())
    const place = { folder: join(folder, 'issuer'), host: '127.0.0.1', port: 0 }
    const audience = 'leasehold-api'
    const started = await startDevIssuer({ ...place, realm: 'r', audience, announce: () => {} })
    closers.push(() => started.stop())
    issuer = started.issuer
    return {
      DATABASE_URL: postgres.url,
      S3_ENDPOINT: objects.endpoint,
      S3_REGION: objects.region,
      S3_ACCESS_KEY_ID: objects.accessKeyId,
      S3_SECRET_ACCESS_KEY: objects.secretAccessKey,
      OIDC_ISSUER: issuer,
      OIDC_JWKS_URL: started.jwksUrl,
    }
  }

  /** Starts an app by its own main.ts and waits until it says `ready`. */
  async function startApp(name: string, ready: string, env: Record<string, string>) {
    const main = join(root, 'apps', name, 'src/main.ts')
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    closers.push(() => endOf(child, 'SIGTERM'))
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => said.set(name, (said.get(name) ?? '') + chunk))
    await waitFor(
      `${name}: ${ready}`,
      async () => ({ text: said.get(name) ?? '', code: child.exitCode }),
      ({ text, code }) => {
        if (code !== null) throw new Error(`${name} ended with ${code}:\n${text.slice(-2_000)}`)
        return text.includes(`"${ready}"`)
      },
      patience,
    )
  }

  it('carry a lease from its request to its end together', async () => {
    const at = (name: string) => `http://127.0.0.1:${ports[name]}`
    const operator = makeApiClient(at('OPERATOR'), (await signIn(issuer, 'oscar', () => {})).token)
    const api = makeApiClient(at('API'), (await signIn(issuer, 'mia', () => {})).token)
    const cpu = { sockets: 1, cores: 1, threads: 1, model: 'max' }
    const disks = [{ role: 'system', sizeGiB: 4 }]
    const shape = { cpu, memoryMiB: 1_024, disks, gpus: [], pricePerHourMicros: 1_000 }
    const offer = { pools: ['local'], images: ['debian-12'] }
    const json = { description: 'Small.', ...shape, ...offer }
    await operator.send('PUT', '/v1/machine-types/tiny', { json })

    const { id } = await api.send<Lease>('POST', '/v1/leases', {
      json: { name: 'apart', machineType: 'tiny', sshPublicKeys: [newPublicKey()] },
    })
    const reach = (state: Lease['state']) =>
      waitFor(
        state,
        () => api.get<Lease>(`/v1/leases/${id}`),
        (lease) => lease.state === state,
        patience,
      )
    await reach('provisioning')
    await api.send('DELETE', `/v1/leases/${id}`)
    await reach('released')

    for (const door of ['API', 'GATEWAY', 'WORKER'])
      expect((await fetch(`${at(door)}/readyz`)).status, door).toBe(200)
  })

  it('say in one line what they need when it is not configured', async () => {
    for (const name of ['api', 'worker', 'gateway']) {
      const main = join(root, 'apps', name, 'src/main.ts')
      const child = spawn(process.execPath, [main], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] })
      let text = ''
      child.stderr.on('data', (chunk) => (text += chunk))

      expect(await endOf(child), name).toBe(1)
      expect(text).toMatch(/on its own needs .*DATABASE_URL.*npm start/)
    }
  })
})

async function addTenants(url: string): Promise<void> {
  const { tenants, close } = await openDatabase({ url, maxConnections: 1, log })
  for (const [slug, id] of Object.entries(developmentOrganizations))
    await tenants.create(aTenant({ id: id as TenantId, slug }), defaultLimits('dev', []), {
      ...{ kind: 'platform', id: 'test' },
    })
  await close()
}

function endOf(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (signal !== undefined) child.kill(signal)
  return ended
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}
