import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../load-config.ts'

const cluster = {
  kind: 'kubernetes',
  name: 'east',
  region: 'eu-1',
  kubeconfig: { file: 'kubeconfig.yaml' },
  images: { 'debian-12': { dataSource: { namespace: 'leasehold-images', name: 'debian-12' } } },
  storageClasses: { default: 'standard' },
  runApiUrl: 'http://10.0.0.5:8083',
  clusterRanges: ['10.244.0.0/16'],
}
const here = { kind: 'local', name: 'here', region: 'home' }

const load = (document: unknown, more: Record<string, string> = {}) =>
  loadConfig({ LEASEHOLD_POOLS: '/etc/leasehold/pools.yaml', ...more }, () =>
    typeof document === 'string' ? document : stringify(document),
  )

function faultsOf(document: unknown, more: Record<string, string> = {}): string {
  try {
    load(document, more)
    return 'no fault'
  } catch (error) {
    return (error as Error).message
  }
}

describe('the file of pools', () => {
  it('gives clusters what is usual where it says nothing, and paths from its own folder', () => {
    const { pools } = load({ pools: [cluster] })

    expect(pools.local).toBeNull()
    expect(pools.clusters).toEqual([
      {
        ...cluster,
        kind: undefined,
        kubeconfig: { file: '/etc/leasehold/kubeconfig.yaml' },
        machineTypes: [],
        access: 'pod-network',
        requestsPerSecond: 50,
        prefix: 'leasehold',
        systemNamespace: 'leasehold-system',
        taskImages: {},
        gpus: {},
        kueueClusterQueue: null,
        kataRuntimeClass: null,
        openEndpoints: [],
      },
    ])
  })

  it('takes a unit of a GPU for a card unless it says otherwise', () => {
    const plugin = { by: 'device-plugin', resourceName: 'nvidia.com/GRID_T4-4Q' }
    const claim = { by: 'dra', deviceClassName: 'vfio.gpu.nvidia.com' }
    const gpus = { whole: plugin, part: { ...plugin, perCard: 4 }, claimed: claim }

    expect(load({ pools: [{ ...cluster, gpus }] }).pools.clusters[0]?.gpus).toEqual({
      whole: { ...plugin, perCard: 1 },
      part: { ...plugin, perCard: 4 },
      claimed: claim,
    })
  })

  it('may list this computer, too, with limits of its own', () => {
    const { pools } = load({
      pools: [{ ...here, limits: { vcpu: 4 }, machineTypes: ['tiny'] }, cluster],
    })

    expect(pools.local).toEqual({
      name: 'here',
      region: 'home',
      limits: { vcpu: 4, memoryMiB: null, diskGiB: null },
      guestImage: null,
      machineTypes: ['tiny'],
    })
    expect(pools.clusters.map(({ name }) => name)).toEqual(['east'])
  })

  it('is read as JSON as well, and is not needed', () => {
    expect(load(JSON.stringify({ pools: [here] })).pools.local?.name).toBe('here')
    expect(loadConfig({ POOL_NAME: 'mine' }).pools).toMatchObject({
      local: { name: 'mine', machineTypes: null },
      clusters: [],
    })
  })

  it('has an example that is right', () => {
    const example = new URL('../../../../deploy/kubernetes/pools.example.yaml', import.meta.url)

    const { pools } = load(readFileSync(example, 'utf8'))

    expect(pools.clusters.length).toBeGreaterThan(0)
  })

  const gpu = (fields: object) => ({ ...cluster, gpus: { a100: fields } })
  it.each([
    { name: 'no list', document: { places: [] }, fault: 'it must hold one list, pools:' },
    { name: 'an empty list', document: { pools: [] }, fault: 'with at least one entry' },
    { name: 'no YAML', document: 'pools: [', fault: 'it is no YAML or JSON' },
    {
      name: 'an unknown kind',
      document: { pools: [{ kind: 'moon' }] },
      fault: 'pools[0].kind must be local or kubernetes',
    },
    {
      name: 'an unknown field',
      document: { pools: [{ ...cluster, colour: 'red' }] },
      fault: 'pools[0] has unknown fields: colour',
    },
    {
      name: 'a missing field',
      document: { pools: [here, { ...cluster, storageClasses: undefined }] },
      fault: 'pools[1] must have required properties storageClasses',
    },
    {
      name: 'a PCI address for a GPU',
      document: { pools: [gpu({ by: 'device-plugin', resourceName: '0000:3b:00.0' })] },
      fault: 'never a PCI address',
    },
    {
      name: 'a GPU by neither way',
      document: { pools: [gpu({ by: 'device-plugin', deviceClassName: 'gpu' })] },
      fault: 'the pool east: gpus.a100 by device-plugin has a resourceName',
    },
    {
      name: 'a GPU by both ways',
      document: { pools: [gpu({ by: 'dra', deviceClassName: 'gpu', perCard: 2 })] },
      fault: 'gpus.a100 by dra has a deviceClassName, and nothing else',
    },
    {
      name: 'no part of a card',
      document: {
        pools: [gpu({ by: 'device-plugin', resourceName: 'nvidia.com/T4', perCard: 0 })],
      },
      fault: 'pools[0].gpus.a100.perCard must be >= 1',
    },
    {
      name: 'too much overcommit',
      document: { pools: [{ ...cluster, tiers: { dev: { cpuOvercommitPercent: 200 } } }] },
      fault: 'pools[0].tiers.dev.cpuOvercommitPercent must be <= 150',
    },
    {
      name: 'a prefix that is too long',
      document: { pools: [{ ...cluster, prefix: 'a-very-long-prefix-of-names' }] },
      fault: 'write a DNS label of 2 to 20 characters',
    },
    {
      name: 'no ranges of the cluster',
      document: { pools: [{ ...cluster, clusterRanges: [] }] },
      fault: 'write at least one range such as 10.244.0.0/16',
    },
    {
      name: 'a range that is none',
      document: { pools: [{ ...cluster, clusterRanges: ['10.244.0.0/99'] }] },
      fault: '10.244.0.0/99 is no range',
    },
    {
      name: 'a run API that pods cannot reach',
      document: { pools: [{ ...cluster, runApiUrl: 'http://127.0.0.1:8083' }] },
      fault: 'which pods cannot reach',
    },
    {
      name: 'two of one name',
      document: { pools: [cluster, { ...cluster, prefix: 'other' }] },
      fault: 'two pools are called east',
    },
    {
      name: 'two in one place',
      document: { pools: [cluster, { ...cluster, name: 'west' }] },
      fault: 'give it another prefix',
    },
    {
      name: 'this computer twice',
      document: { pools: [here, { ...here, name: 'again' }] },
      fault: 'keep one entry of kind local',
    },
  ])('is refused with the field and what to do: $name', ({ document, fault }) => {
    const faults = faultsOf(document)

    expect(faults).toContain('LEASEHOLD_POOLS /etc/leasehold/pools.yaml: ')
    expect(faults).toContain(fault)
  })

  it('names every fault at once, those of other settings too', () => {
    const faults = faultsOf(
      {
        pools: [
          { ...cluster, region: 'EU' },
          { ...here, limits: { vcpu: 0 } },
        ],
      },
      { POOL_VCPU: '4', OIDC_JWKS_URL: 'https://keys.test' },
    )

    expect(faults.split('\n').filter((line) => line.startsWith('  '))).toEqual([
      expect.stringContaining('OIDC_JWKS_URL'),
      expect.stringContaining('POOL_VCPU counts for nothing beside LEASEHOLD_POOLS'),
      expect.stringContaining('pools[0].region'),
      expect.stringContaining('pools[1].limits.vcpu must be >= 1'),
    ])
  })

  it('says so when it cannot be read', () => {
    expect(() =>
      loadConfig({ LEASEHOLD_POOLS: '/nowhere' }, () => {
        throw Object.assign(new Error('no'), { code: 'ENOENT' })
      }),
    ).toThrow('LEASEHOLD_POOLS /nowhere: it cannot be read (ENOENT)')
  })
})
