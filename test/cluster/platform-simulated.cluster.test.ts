import {
  makeListGpuTypes,
  makeListMachineTypes,
  makeReleaseLease,
  makeRequestLease,
  makeStartLease,
  makeStopLease,
} from '@leasehold/application'
import type { Lease, MachineTypeName, TenantId } from '@leasehold/domain'
import { aLeaseRequest, someLimits } from '@leasehold/testing'
import { type ClusterAccess, describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { kinds } from '../../packages/compute-kubernetes/src/client/kinds.ts'
import type { KubeObject } from '../../packages/compute-kubernetes/src/client/kube-object.ts'
import { machineName } from '../../packages/compute-kubernetes/src/object-names.ts'
import {
  a100,
  openPlatformOnCluster,
  type PlatformOnCluster,
} from './support/platform-on-cluster.ts'

const acme = 'ten_acme' as TenantId
const globex = 'ten_globex' as TenantId
const oneGpu = 'one-gpu' as MachineTypeName
const { signal } = new AbortController()
const seenWithinMs = 10_000

describeOnCluster('leases in a pool that is a cluster, on simulated nodes', suite)

function suite(cluster: ClusterAccess): void {
  let platform: PlatformOnCluster
  beforeAll(async () => {
    platform = await openPlatformOnCluster(cluster)
    platform.limitsInCluster.set(globex, { vcpu: 1, 'memory-mib': 64, 'disk-gib': 100, leases: 5 })
    platform.limitsInCluster.set(acme, { ...someLimits(), 'gpu/a100': 2 })
    await platform.quotas.setLimit(acme, 'gpu/a100', 2, { kind: 'operator', id: 'oscar' })
    await platform.start(acme, globex)
  })
  afterAll(() => platform?.close())

  const request = (facts: Parameters<typeof aLeaseRequest>[0] = {}) =>
    makeRequestLease(platform)(aLeaseRequest(facts))
  const command = ({ id, tenantId, createdBy }: Lease) => ({
    tenantId,
    memberId: createdBy,
    leaseId: id,
  })
  const release = async (lease: Lease) => {
    await makeReleaseLease(platform)(command(lease))
    return platform.until(lease.id, 'released')
  }
  const objectOf = (lease: Lease, kind: Parameters<typeof platform.client.list>[0]) =>
    platform.client.get<KubeObject & { status?: { phase?: string } }>(
      { kind, namespace: platform.namespaceOf(lease.tenantId), name: machineName(lease.id) },
      signal,
    )
  const claimsOf = async (lease: Lease) => {
    const selection = {
      namespace: platform.namespaceOf(lease.tenantId),
      labelSelector: `leasehold.dev/lease=${lease.id}`,
    }
    return (await platform.client.list(kinds.persistentVolumeClaims, selection, signal)).items
  }

  it('come up, are stopped with their disk, started on it, and leave nothing', async () => {
    const lease = await request()

    const ready = await platform.until(lease.id, 'ready')
    expect(ready).toMatchObject({ address: { sshPort: 22, jupyterPort: 8_888 }, obstacle: null })
    const [disk] = await claimsOf(lease)

    await makeStopLease(platform)(command(lease))
    await platform.until(lease.id, 'stopped')
    const instance = await objectOf(lease, kinds.virtualMachineInstances)
    expect(['Succeeded', 'none']).toContain(instance?.status?.phase ?? 'none')
    expect((await claimsOf(lease)).map(({ metadata }) => metadata.uid)).toEqual([
      disk?.metadata.uid,
    ])

    await makeStartLease(platform)(command(lease))
    expect(await platform.until(lease.id, 'ready')).toMatchObject({ generation: 2 })
    expect((await claimsOf(lease))[0]?.metadata.uid).toBe(disk?.metadata.uid)

    await release(lease)
    expect(await objectOf(lease, kinds.virtualMachines)).toBeNull()
    await vi.waitFor(async () => expect(await claimsOf(lease)).toEqual([]), {
      timeout: seenWithinMs,
      interval: 200,
    })
  })

  it('are counted where they stand: a GPU is gone from what is available, and back when it is given back', async () => {
    const available = async () => {
      const report = (await makeListGpuTypes(platform)()).find(
        ({ gpuType }) => gpuType.name === a100,
      )
      return { free: report?.free ?? 0, largestFit: report?.largestFit ?? 0 }
    }
    const before = await available()
    expect(before.largestFit).toBeGreaterThan(0)
    expect(before.free).toBeGreaterThanOrEqual(before.largestFit)

    const lease = await request({ machineType: oneGpu })
    await platform.until(lease.id, 'ready')
    expect((await available()).free).toBe(before.free - 1)
    await release(lease)

    await expect.poll(available, { timeout: seenWithinMs, interval: 200 }).toEqual(before)
  })

  it('are refused at once where no node could ever hold them, with what the largest has', async () => {
    await expect(request({ machineType: 'many-gpus' as MachineTypeName })).rejects.toMatchObject({
      code: 'pool/too-small',
      message: expect.stringMatching(
        /larger node: gpu\/a100: .*64|larger node: gpu\/a100: needs 64/,
      ),
    })
  })

  it('are no longer offered on nodes that are closed, within seconds', async () => {
    const labelSelector = `${platform.nodeSelector},nvidia.com/gpu.workload.config=vm-passthrough`
    const { items } = await platform.client.list(kinds.nodes, { labelSelector }, signal)
    const close = async (unschedulable: boolean) => {
      for (const { metadata } of items)
        await platform.client.mergePatch(
          { kind: kinds.nodes, name: metadata.name },
          { spec: { unschedulable } },
          signal,
        )
    }
    const fits = async () => {
      const types = await makeListMachineTypes(platform)()
      return types.find(({ machineType }) => machineType.name === oneGpu)?.offers[0]
    }
    expect((await fits())?.fitsNow).toBeGreaterThan(0)

    await close(true)
    try {
      await expect
        .poll(fits, { timeout: seenWithinMs, interval: 100 })
        .toMatchObject({ fitsNow: 0, detail: 'gpu/a100 in the pool: needs 1, free 0' })
    } finally {
      await close(false)
    }
    await expect
      .poll(async () => (await fits())?.fitsNow, { timeout: seenWithinMs, interval: 100 })
      .toBeGreaterThan(0)
  })

  it('say what is in the way of their machine, and keep that when their time to boot is over', async () => {
    const lease = await request({ tenantId: globex })
    await platform.until(lease.id, 'provisioning')

    await expect
      .poll(() => platform.leaseOf(lease.id), { timeout: seenWithinMs, interval: 100 })
      .toMatchObject({ state: 'provisioning', obstacle: { code: 'over-pool-quota' } })
    const [noted] = (platform.memory.leases.get(lease.id)?.events ?? []).slice(-1)
    expect(noted).toMatchObject({ reason: 'over-pool-quota' })
    platform.clock.advance(platform.rules.lease.bootMs)

    expect(await platform.until(lease.id, 'failed')).toMatchObject({
      reason: 'boot-timed-out',
      reasonDetail: expect.stringMatching(/^over-pool-quota: /),
    })
  })
}
