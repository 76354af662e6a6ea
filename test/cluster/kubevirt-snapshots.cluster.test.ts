import { open } from 'node:fs/promises'
import path from 'node:path'
import type { Cluster } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, smallMachine } from './support/kubevirt-machines.ts'
import { makeNamespace, type TestNamespace } from './support/namespace.ts'
import { openAccess } from './support/open-access.ts'

const stepLimitMs = 240_000

describeOnCluster(
  'a snapshot of a machine of KubeVirt',
  (access) => {
    let cluster: Cluster
    let namespace: TestNamespace

    beforeAll(async () => {
      cluster = await openAccess(access)
      namespace = await makeNamespace(cluster.kubectl, access)
      const machine = smallMachine('kept') as { spec: { runStrategy: string } }
      machine.spec.runStrategy = 'Halted'
      await namespace.apply(machine)
      await eventually('the disks', stepLimitMs, async () => {
        const read = ['get', 'dv', '-o', 'jsonpath={.items[*].status.phase}']
        return (await namespace.kubectl(read)) === 'Succeeded Succeeded' ? true : null
      })
    })
    afterAll(() => namespace?.remove())

    const markOf = async () => {
      const vm = [
        'get',
        'vm',
        'kept',
        '-o',
        'jsonpath={.spec.template.spec.volumes[1].dataVolume.name}',
      ]
      const claim = ['get', 'pvc', await namespace.kubectl(vm), '-o', 'jsonpath={.spec.volumeName}']
      const volume = await namespace.kubectl(claim)
      return await open(
        path.join(access.folder ?? '', 'storage', 'volumes', volume, 'disk.img'),
        'r+',
      )
    }

    it(
      'gives the machine its disks back as they were',
      async () => {
        await using disk = await markOf()
        await disk.write('before', 4_096)
        const source = { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'kept' }
        const api = { apiVersion: 'snapshot.kubevirt.io/v1beta1' }

        await namespace.apply({
          ...api,
          kind: 'VirtualMachineSnapshot',
          metadata: { name: 'first' },
          spec: { source },
        })
        await eventually('the snapshot', stepLimitMs, async () => {
          const read = ['get', 'vmsnapshot', 'first', '-o', 'jsonpath={.status.readyToUse}']
          return (await namespace.kubectl(read)) === 'true' ? true : null
        })
        await disk.write('after!', 4_096)
        await namespace.apply({
          ...api,
          kind: 'VirtualMachineRestore',
          metadata: { name: 'back' },
          spec: { target: source, virtualMachineSnapshotName: 'first' },
        })
        await eventually('the restore', stepLimitMs, async () => {
          const read = ['get', 'vmrestore', 'back', '-o', 'jsonpath={.status.complete}']
          return (await namespace.kubectl(read)) === 'true' ? true : null
        })

        await using restored = await markOf()
        const { buffer } = await restored.read(Buffer.alloc(6), 0, 6, 4_096)
        expect(buffer.toString()).toBe('before')
      },
      3 * stepLimitMs,
    )
  },
  { level: 'real' },
)
