import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lease } from '@leasehold/contract'
import { startEmbeddedPostgres } from '@leasehold/db'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApiClient } from '../../scripts/client/api-client.ts'
import { signIn } from '../../scripts/client/sign-in.ts'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { newPublicKey } from '../acceptance/support/ssh-keys.ts'
import { freePorts } from '../services/free-ports.ts'
import { addTenants } from './support/add-tenants.ts'
import { quietLog } from './support/quiet-log.ts'
import { type Environment, root, startApp } from './support/start-app.ts'
import { startParts } from './support/start-parts.ts'

const patience = { withinMs: 120_000, everyMs: 250 }

describe('API, worker and gateway as processes of their own', { timeout: 400_000 }, () => {
  const closers: (() => Promise<unknown>)[] = []
  let ports: Readonly<Record<string, number>>
  let issuer: string

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'apps-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    const names = ['API', 'OPERATOR', 'RUN_API', 'GATEWAY', 'SSH', 'WORKER'] as const
    const free = await freePorts(names.length)
    ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]))
    const postgres = await startEmbeddedPostgres({
      folder: join(folder, 'postgres'),
      log: quietLog,
    })
    closers.push(() => postgres.stop())
    const parts = await startParts(folder, closers)
    issuer = parts.issuer
    const settings = {
      ...parts.settings,
      DATABASE_URL: postgres.url,
      ...Object.fromEntries(names.map((name) => [`${name}_PORT`, String(ports[name])])),
      LEASEHOLD_STATE: join(folder, 'state'),
      LEASEHOLD_CACHE: join(root, '.leasehold'),
      LEASEHOLD_MASTER_KEY: randomBytes(32).toString('base64url'),
      SWEEP_SECONDS: '1',
      PATH: '/usr/sbin:/usr/bin:/bin',
    }
    // The first one makes the tables.
    await start('api', 'api listens', settings)
    await addTenants(settings.DATABASE_URL)
    await Promise.all([
      start('worker', 'worker works', settings),
      start('gateway', 'gateway listens', settings),
    ])
  }, 300_000)
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function start(app: string, ready: string, settings: Environment): Promise<void> {
    const { stop } = await startApp(app, ready, settings)
    closers.push(stop)
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
      const [code] = await once(child, 'exit')

      expect(code, name).toBe(1)
      expect(text).toMatch(/on its own needs .*DATABASE_URL.*npm start/)
    }
  })
})
