import type { ImageName, MachineShape } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { starterMachineTypes } from '@leasehold/wiring/starter-catalogue'
import { describe, expect, it } from 'vitest'
import { kubeVirtFacts } from './kubevirt-facts.ts'
import { shapeRefusal } from './shape-refusal.ts'
import { anOrder, machineSettings } from './testing/an-order.ts'

const cpu = { sockets: 1, cores: 2, threads: 1, model: 'host-model' }
const dedicated = { numaPassthrough: false, isolatedEmulatorThread: false }
const gpus = (type: string, count = 1) => [{ type, count }] as unknown as MachineShape['gpus']
const a100 = gpus('a100-80gb')
const factsOf = (
  featureGates: readonly string[],
  version = 'v1.8.4',
  permitted = ['nvidia.com/GRID_T4-4Q'],
) =>
  kubeVirtFacts({
    metadata: { name: 'kubevirt', uid: '1', resourceVersion: '1' },
    spec: {
      configuration: {
        developerConfiguration: { featureGates },
        permittedHostDevices: {
          pciHostDevices: permitted.map((resourceName) => ({ resourceName })),
        },
      },
    },
    status: { phase: 'Deployed', observedKubeVirtVersion: version },
  })
const refusalOf = (shape: Partial<MachineShape>, facts: ReturnType<typeof factsOf> | null = null) =>
  shapeRefusal(anOrder({ shape: aShape(shape) }), machineSettings, facts)

describe('a shape that can never run in a pool', () => {
  it.each<[string, Partial<MachineShape>, RegExp]>([
    ['no core', { cpu: { ...cpu, cores: 0 } }, /at least 1/],
    ['half a core', { cpu: { ...cpu, cores: 1.5 } }, /1\.5/],
    ['a ceiling below its sockets', { cpu: { ...cpu, sockets: 2, maxSockets: 1 } }, /limited to 1/],
    ['more CPUs than a machine can have', { cpu: { ...cpu, sockets: 257 } }, /514.*512/],
    ['a ceiling beyond them', { cpu: { ...cpu, maxSockets: 257 } }, /514.*512/],
    ['three threads on dedicated cores', { cpu: { ...cpu, threads: 3, dedicated } }, /2 threads/],
    ['CPU overcommit of 151', { cpu: { ...cpu, overcommitPercent: 151 } }, /100 to 150.*151/],
    ['CPU overcommit of 99', { cpu: { ...cpu, overcommitPercent: 99 } }, /100 to 150.*99/],
    ['memory overcommit of 200', { memory: { overcommitPercent: 200 } }, /memory.*200/],
    [
      'overcommit of a critical machine',
      { critical: true, cpu: { ...cpu, overcommitPercent: 101 } },
      /critical.*101/,
    ],
    ['shared dedicated CPUs', { cpu: { ...cpu, dedicated, overcommitPercent: 150 } }, /150/],
    ['shared huge pages', { memory: { hugePages: '2Mi', overcommitPercent: 150 } }, /150/],
    [
      'NUMA passthrough without huge pages',
      { cpu: { ...cpu, dedicated: { ...dedicated, numaPassthrough: true } } },
      /huge pages/,
    ],
    [
      'memory that is no multiple of 1Gi',
      { memoryMiB: 1_536, memory: { hugePages: '1Gi' } },
      /1536/,
    ],
    [
      'memory that is no multiple of 2Mi',
      { memoryMiB: 1_025, memory: { hugePages: '2Mi' } },
      /1025/,
    ],
    ['a memory ceiling below the memory', { memory: { maxMiB: 512 } }, /1024 MiB.*512/],
    ['growth from under 1 GiB', { memoryMiB: 512, memory: { maxMiB: 2_048 } }, /512/],
    ['growth by odd steps', { memoryMiB: 2_048, memory: { maxMiB: 2_049 } }, /steps of 2.*2049/],
    ['no disk', { disks: [] }, /1 system disk/],
    ['a data disk first', { disks: [{ role: 'data', sizeGiB: 1 }] }, /1 system disk/],
    [
      'two system disks',
      { disks: [1, 2].map((sizeGiB) => ({ role: 'system' as const, sizeGiB })) },
      /1 system disk/,
    ],
    [
      'an unknown storage class',
      { disks: [{ role: 'system', sizeGiB: 1, storageClass: 'gold' }] },
      /gold.*3.*archive, fast, standard/,
    ],
    ['an unknown GPU', { gpus: gpus('h100-80gb', 3) }, /3 × h100-80gb.*4 GPU types/],
    ['no GPU of a type', { gpus: gpus('a100-80gb', 0) }, /0 is no number/],
  ])('is refused for %s, with numbers', (_what, shape, text) => {
    expect(refusalOf(shape)).toMatch(text)
    expect(refusalOf(shape)).toMatch(/\d/)
  })

  it('is refused for an image that the pool does not have', () => {
    const order = { ...anOrder(), image: 'solaris' as ImageName }

    expect(shapeRefusal(order, machineSettings, null)).toMatch(/solaris.*1 images.*debian-12/)
  })

  it('is refused for a GPU that KubeVirt does not permit, which KubeVirt itself would accept', () => {
    expect(refusalOf({ gpus: a100 }, factsOf([]))).toMatch(/permittedHostDevices/)
    expect(refusalOf({ gpus: gpus('t4-vgpu-4gb') }, factsOf([]))).toBeNull()
  })

  it('is not refused for what nobody knows', () => {
    const unchecked = kubeVirtFacts({ metadata: { name: 'k', uid: '1', resourceVersion: '1' } })

    expect(refusalOf({ gpus: a100 }, null)).toBeNull()
    expect(refusalOf({ gpus: a100, cpu: { ...cpu, dedicated } }, unchecked)).toBeNull()
  })

  it.each([
    { gates: [], version: 'v1.8.4', shape: { cpu: { ...cpu, dedicated } }, says: /CPUManager/ },
    { gates: [], version: 'v1.9.0', shape: { cpu: { ...cpu, dedicated } }, says: /CPUManager/ },
    { gates: ['CPUManager'], version: 'v1.8.4', shape: { cpu: { ...cpu, dedicated } }, says: null },
    { gates: [], version: 'v1.8.4', shape: { gpus: gpus('l4-claimed') }, says: /GPUsWithDRA/ },
    { gates: [], version: 'v1.9.0', shape: { gpus: gpus('l4-claimed') }, says: null },
    { gates: [], version: 'v1.31.0', shape: { cpu: { ...cpu, dedicated } }, says: null },
  ])('is judged by the feature gates $gates of KubeVirt $version', (row) => {
    const refusal = refusalOf(row.shape, factsOf(row.gates, row.version))

    if (row.says === null) expect(refusal).toBeNull()
    else expect(refusal).toMatch(row.says)
  })

  it.each(starterMachineTypes(machineSettings.name))(
    'is not the shipped type $name',
    ({ shape }) => {
      const everything = Object.values(machineSettings.gpus).flatMap((gpu) =>
        gpu.by === 'dra' ? [] : [gpu.resourceName],
      )

      expect(refusalOf(shape, factsOf(['CPUManager'], 'v1.8.4', everything))).toBeNull()
    },
  )
})
