import { describe, expect, it } from 'vitest'
import { objectPath, pluralOf } from './object-path.ts'

describe('the path of an object', () => {
  it('leads into its namespace when it names one', () => {
    const path = objectPath({
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'lse-1', namespace: 'tenant' },
    })

    expect(path).toBe('/apis/kubevirt.io/v1/namespaces/tenant/virtualmachines/lse-1')
  })

  it('of the core group has no group in it', () => {
    const path = objectPath({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a b' } })

    expect(path).toBe('/api/v1/nodes/a%20b')
  })

  it.each([
    ['StorageClass', 'storageclasses'],
    ['NetworkPolicy', 'networkpolicies'],
    ['KubeVirt', 'kubevirts'],
    ['DataVolume', 'datavolumes'],
    ['APIService', 'apiservices'],
    ['PriorityClass', 'priorityclasses'],
  ])('calls %s by its plural %s', (kind, plural) => {
    expect(pluralOf(kind)).toBe(plural)
  })
})
