import type { Lease, MachineType, Pool, Readiness } from '@leasehold/contract'
import { type ClusterAccess, describeOnCluster } from '@leasehold/testing/cluster'
import { anSshKeyPair } from '@leasehold/testing/ssh-key-pair'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { openAccess } from './support/open-access.ts'
import {
  openPlatformProcess,
  type PlatformProcessOnCluster,
  quickType,
} from './support/platform-process-on-cluster.ts'

const startLimitMs = 300_000
const stateLimitMs = 240_000
const storyLimitMs = 900_000

describeOnCluster('the product with a real cluster as its pool', suite, { level: 'real' })

function suite(access: ClusterAccess): void {
  let product: PlatformProcessOnCluster
  const key = anSshKeyPair()

  beforeAll(async () => {
    product = await openPlatformProcess(await openAccess(access), access)
  }, startLimitMs)
  afterAll(() => product?.close(), startLimitMs)

  const until = (id: string, state: Lease['state']) =>
    waitFor(
      `${id} to be ${state}`,
      () => product.renter.get<Lease>(`/v1/leases/${id}`),
      (lease) => lease.state === state,
      { withinMs: stateLimitMs },
    )

  it('is ready with the pool, and offers what the pool has room for', async () => {
    const { renter, operator } = product
    const pools = await waitFor(
      'the pool',
      () => operator.get<{ items: Pool[] }>('/v1/pools'),
      ({ items }) => items[0]?.status === 'ok' && items[0].capacity !== null,
      { withinMs: 240_000 },
    )

    expect(pools.items).toMatchObject([{ name: 'cluster', driver: 'kubernetes', trouble: null }])
    const { parts } = await renter.get<Readiness>('/readyz')
    expect(parts['pool cluster']).toBe('ok')
    const type = await renter.get<MachineType>(`/v1/machine-types/${quickType}`)
    expect(type).toMatchObject({ available: true, offers: [{ pool: 'cluster', detail: null }] })
    expect(type.largestFit).toBeGreaterThan(0)
  })

  it('boots a real machine, reaches it through the gateway, keeps its disk, and leaves nothing', {
    timeout: storyLimitMs,
  }, async () => {
    const { renter } = product
    const asked = await renter.send<Lease>('POST', '/v1/leases', {
      json: { machineType: quickType, sshPublicKeys: [key.public] },
    })
    await until(asked.id, 'ready')
    expect(await bannerThroughGateway(asked.id)).toMatch(/^SSH-2\.0-dropbear/)
    const [disk] = (await product.objectsOf(asked.id)).filter((name) => name.includes('claim'))

    await renter.send('POST', `/v1/leases/${asked.id}/stop`)
    await until(asked.id, 'stopped')
    // Nothing of it runs; the finished pod itself goes a moment later.
    await waitFor(
      'its pod to be gone',
      () => product.objectsOf(asked.id),
      (names) => !names.some((name) => name.startsWith('pod/')),
      { withinMs: 240_000 },
    )
    await expect(bannerThroughGateway(asked.id)).rejects.toThrow()

    await renter.send('POST', `/v1/leases/${asked.id}/start`)
    await until(asked.id, 'ready')
    expect(await bannerThroughGateway(asked.id)).toMatch(/^SSH-2\.0-dropbear/)
    expect(await product.objectsOf(asked.id)).toContain(disk)

    await renter.send('DELETE', `/v1/leases/${asked.id}`)
    await until(asked.id, 'released')
    const left = await waitFor(
      'the objects of the lease to be gone',
      () => product.objectsOf(asked.id),
      (names) => names.length === 0,
      { withinMs: 240_000 },
    )
    expect(left).toEqual([])
  })

  /** What the machine's own SSH server says first, through the jump host. */
  function bannerThroughGateway(leaseId: string): Promise<string> {
    const client = new ssh2.Client()
    return new Promise<string>((resolve, reject) => {
      client.on('error', reject)
      client.on('ready', () => {
        client.forwardOut('127.0.0.1', 0, 'machine', 22, (error, channel) => {
          if (error !== undefined) return reject(error)
          channel.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')))
          channel.once('close', () => reject(new Error('the machine said nothing')))
        })
      })
      client.connect({
        host: '127.0.0.1',
        port: product.sshPort,
        username: leaseId,
        privateKey: key.private,
        readyTimeout: 20_000,
      })
    }).finally(() => client.end())
  }
}
