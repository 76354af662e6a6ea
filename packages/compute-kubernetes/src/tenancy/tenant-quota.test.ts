import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { launcherOverheadMiB, mostLauncherOverheadMiB } from './launcher-overhead.ts'
import { quantityValue } from './quantity-text.ts'
import { quotaHard } from './tenant-quota.ts'
import { someSettings } from './testing/some-settings.ts'

const mib = 2 ** 20

describe('the overhead of a launcher', () => {
  // As virt-controller 1.8.4 rendered them; a guest without a memory request has no page tables counted.
  it.each([
    { vcpu: 1, memoryMiB: 0, hasGpu: false, isGuaranteed: false, overhead: 268 },
    { vcpu: 4, memoryMiB: 0, hasGpu: true, isGuaranteed: false, overhead: 9_508 - 8_192 },
    { vcpu: 4, memoryMiB: 8_192, hasGpu: true, isGuaranteed: true, overhead: 9_624 - 8_192 },
    { vcpu: 4, memoryMiB: 0, hasGpu: false, isGuaranteed: true, overhead: 392 },
  ])('is what KubeVirt makes it: $overhead MiB', ({ overhead, ...machine }) => {
    expect(launcherOverheadMiB(machine)).toBe(overhead)
  })

  it('is never more for some machines than the bound for all that they may hold', () => {
    const aMachine = fc.record({
      vcpu: fc.integer({ min: 1, max: 64 }),
      memoryMiB: fc.integer({ min: 128, max: 500_000 }),
      hasGpu: fc.boolean(),
      isGuaranteed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(aMachine, { maxLength: 20 }), (machines) => {
        const holdings = {
          vcpu: machines.reduce((sum, { vcpu }) => sum + vcpu, 0),
          memoryMiB: machines.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
          machines: machines.length,
          gpuMachines: machines.filter(({ hasGpu }) => hasGpu).length,
        }
        const real = machines.reduce((sum, machine) => sum + launcherOverheadMiB(machine), 0)

        expect(mostLauncherOverheadMiB(holdings)).toBeGreaterThanOrEqual(real)
      }),
    )
  })
})

describe("a tenant's quota", () => {
  const limits = {
    vcpu: 8,
    'memory-mib': 16_384,
    'disk-gib': 94,
    leases: 2,
    'queued-tasks': 5,
    'gpu/a100-40gb': 2,
  }
  const of = (tier: 'production' | 'test' | 'dev', facts = {}) =>
    quotaHard(limits, tier, 'ten_acme', someSettings(facts))

  it('has room for the machines, their launchers, consoles and disk helpers, and nothing else', () => {
    const hard = of('dev')

    const launchers = 2 * (260 + 100 + 53 + 1) + 8 * 8 + 16_384 / 512 + 2 * 1_024
    const consoles = 2 * 58
    const helpers = 2 * 2 * 58
    expect(quantityValue(hard['requests.memory'])).toBe(
      (16_384 + launchers + consoles + helpers) * mib,
    )
    expect(quantityValue(hard['requests.cpu'])).toBeCloseTo(8 + 2 * 0.015 + 4 * 0.1)
  })

  it('has room for machines that move, where the tier lets them', () => {
    const rules = { migration: { parallel: 1, vcpu: 4, memoryMiB: 8_192 } }
    const still = of('dev')
    const moving = of('dev', { tiers: { dev: rules } })

    const more = (key: string) =>
      (quantityValue(moving[key]) ?? 0) - (quantityValue(still[key]) ?? 0)
    expect(more('requests.cpu')).toBeCloseTo(4.015)
    expect(more('requests.memory')).toBe((8_192 + 58 + 260 + 32 + 16 + 100) * mib)
    expect(more('pods')).toBe(1)
  })

  it('caps what is used where the tier has hard limits, and leaves bursts alone elsewhere', () => {
    expect(of('dev')).not.toHaveProperty(['limits.cpu'])
    expect(quantityValue(of('production')['limits.cpu'])).toBeGreaterThan(8)
    expect(quantityValue(of('test')['limits.memory'])).toBeGreaterThan(2 * 16_384 * mib)
  })

  it('counts each GPU resource, with none for one that the tenant has no limit for', () => {
    expect(of('dev')).toMatchObject({
      'requests.nvidia.com/GA100_A100_PCIE_40GB': '2',
      'requests.nvidia.com/gpu': '2',
      'requests.nvidia.com/GRID_T4-4Q': '0',
    })
  })

  it('counts devices of a class where GPUs are handed out by claims', () => {
    const hard = of('dev', { gpus: { 'a100-40gb': { by: 'dra', deviceClassName: 'gpu.acme.io' } } })

    expect(hard).toMatchObject({ 'gpu.acme.io.deviceclass.resource.k8s.io/devices': '2' })
  })

  it('has room for the virtual machine that Kata adds to each task', () => {
    const more =
      (quantityValue(of('dev', { kataRuntimeClass: 'kata-qemu' })['requests.memory']) ?? 0) -
      (quantityValue(of('dev')['requests.memory']) ?? 0)

    expect(more).toBe(8 * 320 * mib)
  })

  it('has no load balancer and no node port', () => {
    expect(of('production')).toMatchObject({
      'services.loadbalancers': '0',
      'services.nodeports': '0',
    })
  })
})
