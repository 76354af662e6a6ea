import { join } from 'node:path'
import type { MachineOrder } from '@leasehold/application'
import type { MachineShape } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { starterMachineTypes } from '@leasehold/wiring/starter-catalogue'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { claimTemplateManifest } from './machine-gpus.ts'
import { seedManifest } from './seed-manifest.ts'
import { anOrder, machineSettings } from './testing/an-order.ts'
import { virtualMachineManifest } from './virtual-machine-manifest.ts'

type Quantities = { readonly cpu?: string; readonly memory?: string }
type Spec = {
  readonly evictionStrategy: string
  readonly nodeSelector?: object
  readonly tolerations?: object
  readonly affinity?: { readonly podAntiAffinity?: object }
  readonly resourceClaims?: object
  readonly domain: {
    readonly cpu: { readonly model: string; readonly maxSockets: number }
    readonly memory: { readonly guest: string; readonly maxGuest?: string }
    readonly resources: { readonly requests: Quantities }
    readonly devices: {
      readonly gpus?: object
      readonly disks: readonly { readonly disk: { readonly bus: string } }[]
    }
  }
}
type DiskTemplate = {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly source?: object
    readonly sourceRef?: { readonly name: string }
    readonly storage: {
      readonly storageClassName: string
      readonly resources: { readonly requests: { readonly storage: string } }
    }
  }
}
type Manifest = {
  readonly spec: {
    readonly dataVolumeTemplates: readonly DiskTemplate[]
    readonly template: { readonly spec: Spec }
  }
}
const manifestOf = (order: MachineOrder) =>
  virtualMachineManifest(order, machineSettings) as unknown as Manifest
const specOf = (shape: Partial<MachineShape>, facts: Partial<MachineOrder> = {}) =>
  manifestOf(anOrder({ shape: aShape(shape), ...facts })).spec.template.spec
const cpu = { sockets: 1, cores: 2, threads: 1, model: 'host-model' }

describe('the manifest of a machine', () => {
  it.each(starterMachineTypes(machineSettings.name).map((type) => [type.name, type] as const))(
    'of the shipped type %s is the golden one',
    async (name, { shape }) => {
      const manifest = virtualMachineManifest(
        anOrder({ machineType: name, shape }),
        machineSettings,
      )

      const golden = join(import.meta.dirname, 'golden', `${name}.yaml`)
      await expect(
        stringify(manifest, { sortMapEntries: true, aliasDuplicateObjects: false }),
      ).toMatchFileSnapshot(golden)
    },
  )

  it('holds nothing that is secret', () => {
    const order = anOrder()
    const text = JSON.stringify(virtualMachineManifest(order, machineSettings))

    for (const secret of [order.hostKeyPrivate, order.jupyterToken, ...order.authorizedKeys])
      expect(text).not.toContain(secret)
  })

  it.each([
    { overcommitPercent: undefined, requests: '2' },
    { overcommitPercent: 100, requests: '2' },
    { overcommitPercent: 150, requests: '1334m' },
    { overcommitPercent: 125, requests: '1600m' },
  ])('reserves $requests of two CPUs at $overcommitPercent percent', (row) => {
    const { overcommitPercent = 100, requests } = row
    const { domain } = specOf({ cpu: { ...cpu, overcommitPercent } })

    expect(domain.resources.requests.cpu).toBe(requests)
    expect(domain.resources).not.toHaveProperty('limits')
  })

  it('reserves less memory than the guest sees only where the shape says so', () => {
    const shared = specOf({ memoryMiB: 3_072, memory: { overcommitPercent: 150 } })

    expect(shared.domain.memory.guest).toBe('3Gi')
    expect(shared.domain.resources.requests.memory).toBe('2Gi')
    expect(specOf({ memoryMiB: 3_072 }).domain.resources.requests.memory).toBe('3Gi')
  })

  it('gives a critical machine limits equal to its requests', () => {
    const { domain } = specOf({ cpu, memoryMiB: 2_048, critical: true })

    expect(domain.resources).toEqual({
      requests: { cpu: '2', memory: '2Gi' },
      limits: { cpu: '2', memory: '2Gi' },
    })
  })

  it('asks for dedicated CPUs by topology alone', () => {
    const dedicated = { numaPassthrough: true, isolatedEmulatorThread: true }
    const { domain } = specOf({ cpu: { ...cpu, dedicated }, memory: { hugePages: '1Gi' } })

    expect(domain.cpu).toMatchObject({
      dedicatedCpuPlacement: true,
      numa: { guestMappingPassthrough: {} },
      isolateEmulatorThread: true,
    })
    expect(domain.resources.requests).not.toHaveProperty('cpu')
    expect(domain.memory).toEqual({ guest: '1Gi', hugepages: { pageSize: '1Gi' } })
  })

  it('names the model and its features', () => {
    const features = [{ name: 'avx512f', policy: 'require' }] as const
    const { domain } = specOf({ cpu: { ...cpu, model: 'Skylake-Server-v2', features } })

    expect(domain.cpu).toMatchObject({ model: 'Skylake-Server-v2', features })
    expect(specOf({ cpu: { ...cpu, model: 'max' } }).domain.cpu.model).toBe('host-model')
  })

  it('lets a machine grow as far as its shape says, and no further', () => {
    const may = specOf({ cpu: { ...cpu, maxSockets: 4 }, memory: { maxMiB: 4_096 } }).domain
    const mayNot = specOf({ cpu, memoryMiB: 2_048 }).domain

    expect([may.cpu.maxSockets, may.memory.maxGuest]).toEqual([4, '4Gi'])
    expect(mayNot.cpu.maxSockets).toBe(1)
    expect(mayNot.memory).not.toHaveProperty('maxGuest')
  })

  it('clones the image and adds empty disks, each in its storage class, all on virtio', () => {
    const disks = [
      { role: 'system', sizeGiB: 20 },
      { role: 'data', sizeGiB: 100 },
      { role: 'data', sizeGiB: 10, storageClass: 'archive' },
    ] as const
    const { spec } = manifestOf(anOrder({ shape: aShape({ disks }) }))

    expect(
      spec.dataVolumeTemplates.map(({ metadata, spec: { source, sourceRef, storage } }) => [
        metadata.name,
        sourceRef?.name ?? source,
        storage.storageClassName,
        storage.resources.requests.storage,
      ]),
    ).toEqual([
      ['lse-1-system', 'debian-12', 'fast', '20Gi'],
      ['lse-1-data-1', { blank: {} }, 'standard', '100Gi'],
      ['lse-1-data-2', { blank: {} }, 'archive', '10Gi'],
    ])
    const { devices } = spec.template.spec.domain
    expect(devices.disks.every(({ disk }) => disk.bus === 'virtio')).toBe(true)
  })

  it('gives each GPU an entry of its own, by resource or by claim', () => {
    const gpus = [
      { type: 'a100-80gb', count: 2 },
      { type: 'l4-claimed', count: 1 },
    ] as unknown as MachineShape['gpus']
    const spec = specOf({ gpus })

    expect(spec.domain.devices.gpus).toEqual([
      { name: 'gpu-0', deviceName: 'nvidia.com/GA100_A100_PCIE_80GB' },
      { name: 'gpu-1', deviceName: 'nvidia.com/GA100_A100_PCIE_80GB' },
      { name: 'gpu-2', claimName: 'gpu-2', requestName: 'gpu' },
    ])
    const template = claimTemplateManifest('hold-ten-1', 'vfio.gpu.example', {})
    expect(spec.resourceClaims).toEqual([
      { name: 'gpu-2', resourceClaimTemplateName: template.metadata.name },
    ])
  })

  it('keeps a machine with a GPU from moving, and others only when they should not', () => {
    const gpus = [{ type: 'a100-80gb', count: 1 }] as unknown as MachineShape['gpus']

    expect(specOf({ gpus, onNodeDrain: 'move-if-possible' }).evictionStrategy).toBe('None')
    expect(specOf({ onNodeDrain: 'move-if-possible' }).evictionStrategy).toBe(
      'LiveMigrateIfPossible',
    )
    expect(specOf({}).evictionStrategy).toBe('None')
  })

  it('says where a machine stands and with whom', () => {
    const placement = {
      nodeLabels: { zone: 'a' },
      tolerations: [
        { key: 'use', value: 'database', effect: 'NoSchedule' },
        { key: 'gpu', effect: 'NoExecute' },
      ],
      apartFrom: 'same-machine-type',
    } as const
    const spec = specOf({ placement, memory: { avoidPageMerging: true } })

    expect(spec.nodeSelector).toEqual({ zone: 'a' })
    expect(spec.tolerations).toEqual([
      { key: 'use', operator: 'Equal', value: 'database', effect: 'NoSchedule' },
      { key: 'gpu', operator: 'Exists', effect: 'NoExecute' },
    ])
    expect(JSON.stringify(spec.affinity)).toContain('kubevirt.io/ksm-enabled')
    expect(spec.affinity?.podAntiAffinity).toMatchObject({
      requiredDuringSchedulingIgnoredDuringExecution: [{ namespaceSelector: {} }],
    })
  })

  it('leaves out what nobody asked for', () => {
    const spec = specOf({})

    for (const field of ['affinity', 'tolerations', 'nodeSelector', 'resourceClaims'])
      expect(spec).not.toHaveProperty(field)
    for (const field of ['gpus', 'blockMultiQueue', 'networkInterfaceMultiqueue'])
      expect(spec.domain.devices).not.toHaveProperty(field)
  })
})

describe('the seed of a machine', () => {
  const machine = { name: 'lse-1', uid: 'uid-1' }

  it('is a Secret that goes with its machine', () => {
    const { metadata } = seedManifest(anOrder(), machine, machineSettings)

    expect(metadata).toMatchObject({ namespace: 'hold-ten-1', name: 'lse-1-seed' })
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'VirtualMachine', uid: 'uid-1' }])
  })

  it('holds what the guest is told, swap included', () => {
    const order = anOrder({ shape: aShape({ memory: { guestSwapOff: true } }) })
    const manifest = seedManifest(order, machine, machineSettings) as {
      data?: { userdata: string }
    }

    const userData = parse(Buffer.from(manifest.data?.userdata ?? '', 'base64').toString())
    expect(userData.ssh_keys.ed25519_private).toBe(order.hostKeyPrivate)
    expect(userData.users[0].ssh_authorized_keys).toEqual(order.authorizedKeys)
    expect(userData.mounts).toEqual([['swap', null]])
  })
})
