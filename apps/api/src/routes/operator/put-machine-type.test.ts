import { describe, expect, it } from 'vitest'
import { anApi, verdict } from '../../../test/api-harness.ts'

const medium = {
  description: 'Four CPUs.',
  cpu: { sockets: 1, cores: 4, threads: 1, model: 'host-model' },
  memoryMiB: 4_096,
  disks: [{ role: 'system', sizeGiB: 20 }],
  gpus: [],
  pricePerHourMicros: 80_000,
  pools: ['local'],
  images: ['debian-12'],
}

describe('PUT /v1/machine-types/:name', () => {
  const policies = {
    cpu: {
      ...medium.cpu,
      features: [{ name: 'avx512f', policy: 'require' }],
      dedicated: { numaPassthrough: true, isolatedEmulatorThread: true },
      maxSockets: 1,
    },
    disks: [{ role: 'system', sizeGiB: 20, storageClass: 'fast' }],
    memory: {
      hugePages: '1Gi',
      avoidPageMerging: true,
      guestSwapOff: true,
      balloonStatistics: false,
    },
    multiQueue: { network: true, disks: true },
    placement: {
      nodeLabels: { 'example.com/disk': 'nvme' },
      tolerations: [{ key: 'dedicated', value: 'database', effect: 'NoSchedule' }],
      apartFrom: 'same-machine-type',
    },
    onNodeDrain: 'shut-down',
    critical: true,
  }

  it('takes every policy of a machine type and gives it back as it was', async () => {
    const api = await anApi()
    const json = { ...medium, ...policies }

    const answer = await api.operator('PUT', '/v1/machine-types/medium', { json })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject(json)
    expect((await api.tenant('GET', '/v1/machine-types/medium')).json()).toMatchObject(json)
  })

  it.each([
    { name: 'too much overcommit', change: { cpu: { ...medium.cpu, overcommitPercent: 151 } } },
    { name: 'an unknown policy', change: { magic: true } },
    { name: 'an unknown page size', change: { memory: { hugePages: '4Ki' } } },
    { name: 'a label that is none', change: { placement: { nodeLabels: { 'a b': 'c' } } } },
    {
      name: 'a label value that is none',
      change: { placement: { nodeLabels: { disk: '-nvme' } } },
    },
    {
      name: 'an unknown effect',
      change: { placement: { tolerations: [{ key: 'a', effect: 'Never' }] } },
    },
    {
      name: 'memory that is not whole pages',
      change: { memoryMiB: 4_097, memory: { hugePages: '2Mi' } },
    },
    {
      name: 'critical and overcommitted',
      change: { critical: true, cpu: { ...medium.cpu, overcommitPercent: 120 } },
    },
  ])('refuses a machine type with $name', async ({ change }) => {
    const api = await anApi()

    const json = { ...medium, ...change }
    const answer = await api.operator('PUT', '/v1/machine-types/medium', { json })

    expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
  })
})
