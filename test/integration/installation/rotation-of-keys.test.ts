import { randomBytes } from 'node:crypto'
import { loadConfig } from '@leasehold/config'
import type { FileObject, NewApiKey, ServiceAccount } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGatewayKey } from '../../../apps/doctor/src/checks/gateway-key.ts'
import { checkObjectStore } from '../../../apps/doctor/src/checks/object-store.ts'
import { runChecks } from '../../../apps/doctor/src/run-checks.ts'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { addTenants } from '../support/add-tenants.ts'
import { quietLog } from '../support/quiet-log.ts'
import type { Environment, StartedApp } from '../support/start-app.ts'
import { makeKeyPair } from './second-key-pair.ts'
import { type Installation, startInstallation } from './start-installation.ts'

/** docs/operate/rotating-secrets.md: keys that are not passwords. */
describe('rotating keys, as documented', () => {
  let installation: Installation
  let environment: Environment
  const apps = new Map<string, StartedApp>()
  let mia: ApiClient

  beforeAll(async () => {
    installation = await startInstallation()
    environment = installation.environment
    await addTenants(environment.DATABASE_URL ?? '')
    await restart('api', {})
    const { token } = await signIn(environment.OIDC_ISSUER ?? '', 'mia', () => {})
    mia = makeApiClient(`http://127.0.0.1:${environment.API_PORT}`, token)
  }, 240_000)
  afterAll(() => installation?.stop())

  /** What is changed stays changed. */
  async function restart(app: 'api' | 'gateway', changed: Environment): Promise<void> {
    environment = { ...environment, ...changed }
    await apps.get(app)?.stop()
    const ready = { api: 'api listens', gateway: 'gateway listens' }[app]
    apps.set(app, await installation.start(app, ready, environment))
  }

  async function download(path: string): Promise<{ readonly status: number; text: string }> {
    const { downloadUrl } = await mia.get<FileObject & { downloadUrl: string }>(`/v1/files/${path}`)
    const answer = await fetch(downloadUrl)
    return { status: answer.status, text: await answer.text() }
  }

  async function newApiKey(): Promise<NewApiKey> {
    const { token } = await signIn(environment.OIDC_ISSUER ?? '', 'olivia', () => {})
    const owner = makeApiClient(mia.baseUrl, token)
    const account = await owner.send<ServiceAccount>('POST', '/v1/service-accounts', {
      json: { name: 'rotation', role: 'member' },
    })
    return await owner.send<NewApiKey>('POST', '/v1/api-keys', {
      json: { serviceAccountId: account.id, name: 'nightly', permissions: ['leases:read'] },
    })
  }

  it('gives the object store a second pair, restarts with it, and removes the first', async () => {
    const first = await makeKeyPair(installation.environment, 'platform-1')
    const second = await makeKeyPair(installation.environment, 'platform-2')
    await restart('api', first.settings)
    await mia.send('PUT', '/v1/files/kept.txt', { body: 'of before' })
    const { downloadUrl: old } = await mia.get<{ downloadUrl: string }>('/v1/files/kept.txt')

    await restart('api', second.settings)
    expect((await fetch(old)).status, 'both are valid').toBe(200)
    await first.remove()

    expect(await download('kept.txt')).toEqual({ status: 200, text: 'of before' })
    await mia.send('PUT', '/v1/files/new.txt', { body: 'of after' })
    expect(await download('new.txt')).toEqual({ status: 200, text: 'of after' })
    await expect.poll(async () => (await fetch(old)).status, { timeout: 30_000 }).toBe(403)
    // The doctor says who still has the first one.
    const look = async (pair: Environment) => {
      const config = loadConfig({ ...environment, ...pair })
      const [finding] = await runChecks(checkObjectStore(config, quietLog), 20_000)
      return finding?.verdict
    }
    expect(await look(first.settings)).toBe('problem')
    expect(await look(second.settings)).toBe('ok')
  }, 180_000)

  it('changes the master key: the doctor finds who has the old one, and API keys and files stay', async () => {
    await restart('gateway', {})
    const key = await newApiKey()
    await mia.send('PUT', '/v1/files/master.txt', { body: 'stays' })
    const gatewayIs = async (masterKey: string) => {
      const config = loadConfig({ ...environment, LEASEHOLD_MASTER_KEY: masterKey })
      const [finding] = await runChecks(checkGatewayKey(config), 20_000)
      return finding?.verdict
    }
    const old = environment.LEASEHOLD_MASTER_KEY ?? ''
    const next = randomBytes(32).toString('base64url')
    expect(await gatewayIs(old)).toBe('ok')

    await restart('api', { LEASEHOLD_MASTER_KEY: next })
    expect(await gatewayIs(next), 'the gateway has the old one').toBe('problem')
    await restart('gateway', {})

    expect(await gatewayIs(next)).toBe('ok')
    expect(await gatewayIs(old)).toBe('problem')
    const program = makeApiClient(mia.baseUrl, async () => key.secret)
    expect((await program.call('GET', '/v1/leases')).status).toBe(200)
    expect((await mia.call('GET', '/v1/leases')).status).toBe(200)
    expect(await download('master.txt')).toEqual({ status: 200, text: 'stays' })
  }, 180_000)
})
