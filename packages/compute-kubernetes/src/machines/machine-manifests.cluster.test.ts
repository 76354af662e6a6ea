import type { GpuTypeName, MachineShape, MachineTypeName } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { starterMachineTypes } from '@leasehold/wiring/starter-catalogue'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { labelNames } from '../object-names.ts'
import { launcherOverheadMiB } from '../tenancy/launcher-overhead.ts'
import { quantityValue } from '../tenancy/quantity-text.ts'
import { anOrder, machineSettings } from './testing/an-order.ts'
import { openSimulatedPlace, type SimulatedPlace } from './testing/simulated-place.ts'
import { virtualMachineManifest } from './virtual-machine-manifest.ts'

type Quantities = Readonly<Record<string, string>>
type Launcher = KubeObject & {
  readonly spec: {
    readonly nodeSelector: Quantities
    readonly tolerations?: readonly object[]
    readonly affinity?: object
    readonly resourceClaims?: readonly { readonly resourceClaimTemplateName?: string }[]
    readonly containers: readonly {
      readonly name: string
      readonly resources: { readonly requests: Quantities; readonly limits: Quantities }
    }[]
  }
}

const { signal } = new AbortController()
const cpu = { sockets: 1, cores: 4, threads: 1, model: 'host-model' }
const dedicated = { numaPassthrough: false, isolatedEmulatorThread: false }
const gpus = (type: string, count = 1) => [{ type: type as GpuTypeName, count }]
const shipped = starterMachineTypes(machineSettings.name)
const shapeOf = (name: string) => {
  const type = shipped.find((one) => one.name === name)
  if (type === undefined) throw new Error(`no machine type ${name} is shipped`)
  return type.shape
}
/** Of a reserved or limited quantity of memory. */
const mebibytes = (quantity: string | undefined) => (quantityValue(quantity) ?? 0) / 2 ** 20

describeOnCluster('the manifests of machines, by the real KubeVirt', (cluster) => {
  let place: SimulatedPlace

  beforeAll(async () => {
    place = await openSimulatedPlace(cluster)
  })
  afterAll(() => place?.close())

  /** What virt-controller makes of a machine: its pod and, in there, the container with QEMU. */
  const launcherOf = async (shape: Partial<MachineShape>) => {
    const order = place.newOrder(shape)
    await place.driver.startMachine(order, signal)
    const labelSelector = `${labelNames.lease}=${order.leaseId}`
    const find = async () => {
      const { namespace } = place
      const { items } = await place.client.list<Launcher>(
        kinds.pods,
        { namespace, labelSelector },
        signal,
      )
      return items[0]
    }
    const pod = await expect.poll(find, { timeout: 120_000 }).toBeDefined().then(find)
    const compute = pod?.spec.containers.find(({ name }) => name === 'compute')
    await place.driver.destroyMachine(order.leaseId, 1, signal)
    if (pod === undefined || compute === undefined) throw new Error('the launcher went too early')
    return { pod, ...compute.resources }
  }

  describe('of the shipped types', () => {
    it.each(shipped)('are admitted: $name', async ({ name, shape }) => {
      const order = anOrder({ machineType: name as MachineTypeName, shape })
      const settings = { ...machineSettings, prefix: place.settings.prefix }
      const manifest = virtualMachineManifest(order, settings)

      const admitted = await place.client.create(kinds.virtualMachines, manifest, signal, {
        dryRun: true,
      })

      // Nothing was pruned, and KubeVirt's defaults overrule nothing of ours.
      expect(admitted).toMatchObject(JSON.parse(JSON.stringify({ spec: manifest.spec })))
    })

    it('make a training machine with its own CPUs, huge pages and GPUs', async () => {
      const { placement, ...shape } = shapeOf('ai-training')
      const { pod, requests, limits } = await launcherOf({ ...shape, gpus: gpus('a100-40gb', 2) })

      expect(placement?.apartFrom).toBe('same-machine-type')
      expect(requests.cpu).toBe('16')
      expect(limits.cpu).toBe('16')
      expect(requests['hugepages-2Mi']).toBe('128Gi')
      expect(limits['nvidia.com/GA100_A100_PCIE_40GB']).toBe('2')
      expect(pod.spec.nodeSelector).toMatchObject({ 'kubevirt.io/cpumanager': 'true' })
      // The guest is on huge pages; the rest is what KubeVirt needs, and what quotas are computed with.
      const guest = { vcpu: 16, memoryMiB: 131_072, hasGpu: true, isGuaranteed: true }
      expect(mebibytes(requests.memory)).toBeCloseTo(launcherOverheadMiB(guest), -1)
    })

    it('make a database machine on nodes set apart, away from page merging and its own kind', async () => {
      const { pod, requests } = await launcherOf(shapeOf('database'))

      expect(requests.cpu).toBe('4')
      expect(requests['hugepages-1Gi']).toBe('64Gi')
      expect(pod.spec.nodeSelector).toMatchObject({ 'leasehold.dev/node-use': 'database' })
      expect(pod.spec.tolerations).toContainEqual(
        expect.objectContaining({ key: 'leasehold.dev/node-use', value: 'database' }),
      )
      const affinity = JSON.stringify(pod.spec.affinity)
      expect(affinity).toContain('kubevirt.io/ksm-enabled')
      expect(affinity).toContain('podAntiAffinity')
    })

    it('make a general machine that shares its CPUs and may grow', async () => {
      const { requests, limits } = await launcherOf(shapeOf('general'))

      expect(requests.cpu).toBe('2667m')
      expect(limits).not.toHaveProperty('cpu')
      expect(mebibytes(requests.memory)).toBeGreaterThan(16_384)
    })

    it('make a machine with a share of a GPU', async () => {
      const { limits } = await launcherOf({
        ...shapeOf('inference-vgpu'),
        gpus: gpus('t4-vgpu-1gb'),
      })

      expect(limits['nvidia.com/GRID_T4-1Q']).toBe('1')
    })
  })

  it.each<[string, Partial<MachineShape>, string]>([
    ['nothing shared', { cpu }, '4'],
    ['half as much again promised', { cpu: { ...cpu, overcommitPercent: 150 } }, '2667m'],
    ['CPUs of its own', { cpu: { ...cpu, dedicated } }, '4'],
    [
      'CPUs of its own and one for the emulator',
      { cpu: { ...cpu, dedicated: { ...dedicated, isolatedEmulatorThread: true } } },
      '5',
    ],
  ])('reserve CPUs as the shape says: %s', async (_what, shape, cpus) => {
    const { requests, limits } = await launcherOf(shape)

    expect(requests.cpu).toBe(cpus)
    expect(limits.cpu).toBe(shape.cpu?.dedicated === undefined ? undefined : cpus)
  })

  it('give a critical machine limits equal to its requests', async () => {
    const { requests, limits } = await launcherOf({ cpu, critical: true })

    expect(limits.cpu).toBe(requests.cpu)
    expect(limits.memory).toBe(requests.memory)
  })

  it('reserve less memory than promised only where the shape says so', async () => {
    const shared = await launcherOf({ memoryMiB: 6_144, memory: { overcommitPercent: 150 } })
    const full = await launcherOf({ memoryMiB: 6_144 })

    const difference = mebibytes(full.requests.memory) - mebibytes(shared.requests.memory)
    // KubeVirt reckons its page tables, one byte in 512, by what is reserved.
    expect(difference).toBeCloseTo(2_048 + 2_048 / 512, 1)
  })

  it.each([
    ['2Mi', 'hugepages-2Mi'],
    ['1Gi', 'hugepages-1Gi'],
  ] as const)('put the guest on huge pages of %s', async (hugePages, resource) => {
    const { requests, limits } = await launcherOf({ memoryMiB: 2_048, memory: { hugePages } })

    expect(requests[resource]).toBe('2Gi')
    expect(limits[resource]).toBe('2Gi')
  })

  it('want a node with the CPU model and the features that are required', async () => {
    const features = [
      { name: 'avx512f', policy: 'require' },
      { name: 'vmx', policy: 'disable' },
    ] as const
    const { pod } = await launcherOf({ cpu: { ...cpu, model: 'Skylake-Server-v2', features } })

    expect(pod.spec.nodeSelector).toMatchObject({
      'cpu-model.node.kubevirt.io/Skylake-Server-v2': 'true',
      'cpu-feature.node.kubevirt.io/avx512f': 'true',
    })
  })

  it('want what each GPU type is called in the cluster', async () => {
    const mig = await launcherOf({ gpus: gpus('a100-1g-10gb', 3) })
    const whole = await launcherOf({ gpus: gpus('a100-40gb') })

    expect(mig.limits['nvidia.com/mig-1g.10gb']).toBe('3')
    expect(whole.limits['nvidia.com/GA100_A100_PCIE_40GB']).toBe('1')
  })

  it('claim a GPU that is handed out by dynamic resource allocation', async () => {
    const { pod } = await launcherOf({ gpus: gpus('l4-claimed', 2) })

    expect(pod.spec.resourceClaims).toEqual([
      expect.objectContaining({ resourceClaimTemplateName: 'leasehold-vfio.gpu.example' }),
      expect.objectContaining({ resourceClaimTemplateName: 'leasehold-vfio.gpu.example' }),
    ])
  })

  it('have several disks and one queue per CPU for disks and network', async () => {
    const order = place.newOrder({
      ...aShape(),
      cpu,
      disks: [
        { role: 'system', sizeGiB: 4 },
        { role: 'data', sizeGiB: 8 },
        { role: 'log', sizeGiB: 2 },
      ],
      multiQueue: { network: true, disks: true },
    })
    await place.driver.startMachine(order, signal)

    await expect
      .poll(() => place.driver.inspectMachine(order.leaseId, 1, signal), { timeout: 120_000 })
      .toMatchObject({ kind: 'running' })
    await place.driver.destroyMachine(order.leaseId, 1, signal)
  })
})
