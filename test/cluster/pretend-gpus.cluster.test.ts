import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Cluster } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from './support/kubevirt-machines.ts'
import { makeNamespace, type TestNamespace } from './support/namespace.ts'
import { openAccess } from './support/open-access.ts'

const soonMs = 180_000

describeOnCluster(
  'pretend GPUs of a real node',
  (access) => {
    let cluster: Cluster
    let namespace: TestNamespace

    beforeAll(async () => {
      cluster = await openAccess(access)
      namespace = await makeNamespace(cluster.kubectl, access)
    })
    afterAll(() => namespace?.remove())

    const allocatable = async () => {
      const node = cluster.nodes[0]?.name ?? ''
      const read = ['get', 'node', node, '-o', 'jsonpath={.status.allocatable}']
      return JSON.parse(await cluster.kubectl(read)) as Record<string, string>
    }

    it('are offered under the names that vendors use', async () => {
      expect(await allocatable()).toMatchObject({
        'nvidia.com/GA100_A100_PCIE_40GB': '4',
        'nvidia.com/AD102GL_L40S': '4',
        'nvidia.com/GRID_T4-1Q': '16',
        'nvidia.com/mig-1g.10gb': '7',
        'nvidia.com/gpu': '4',
      })
    })

    it('are given to a pod by name, each to one pod at a time', async () => {
      await namespace.apply(podWithGpus('first', 3), podWithGpus('second', 3))

      await eventually('one to run', soonMs, async () => {
        const read = ['get', 'pod', '-o', 'jsonpath={.items[*].status.phase}']
        const phases = (await namespace.kubectl(read)).split(' ').sort()
        return phases.join() === 'Pending,Running' ? true : null
      })
      const read = ['get', 'pod', '--field-selector=status.phase=Running', '-o', 'name']
      const running = (await namespace.kubectl(read)).trim().replace('pod/', '')
      const names = await namespace.python(
        running,
        'import os; print(os.environ["NVIDIA_VISIBLE_DEVICES"])',
      )

      expect(new Set(names.trim().split(',')).size).toBe(3)
    })

    it('are fewer while one is broken', async () => {
      const file = path.join(cluster.nodes[0]?.folder ?? '', 'broken-devices')
      await writeFile(file, 'pretend-mig-1g.10gb-0\n')
      try {
        await eventually('one slice less', soonMs, async () =>
          (await allocatable())['nvidia.com/mig-1g.10gb'] === '6' ? true : null,
        )
      } finally {
        await rm(file)
      }
      await eventually('all slices again', soonMs, async () =>
        (await allocatable())['nvidia.com/mig-1g.10gb'] === '7' ? true : null,
      )
    })
  },
  { level: 'real' },
)

function podWithGpus(name: string, count: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: 'leasehold.local/task-python:dev',
          imagePullPolicy: 'Never',
          command: ['sleep', '600'],
          resources: { limits: { 'nvidia.com/gpu': count } },
        },
      ],
    },
  }
}
