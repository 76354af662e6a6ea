import type { Cluster } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from './support/kubevirt-machines.ts'
import { makeNamespace, type TestNamespace } from './support/namespace.ts'
import { openAccess } from './support/open-access.ts'

const soonMs = 180_000

describeOnCluster('Kueue on the development cluster', (access) => {
  let cluster: Cluster
  let namespace: TestNamespace

  beforeAll(async () => {
    cluster = await openAccess(access)
    namespace = await makeNamespace(cluster.kubectl, access)
    await namespace.apply(queueTo('leasehold'))
  })
  beforeEach(() => namespace.kubectl(['delete', 'job', '--all']))
  afterAll(() => namespace?.remove())

  const suspended = (name: string) =>
    namespace.kubectl(['get', 'job', name, '-o', 'jsonpath={.spec.suspend}'])

  it('lets a suspended Job go when its queue has room', async () => {
    await namespace.apply(jobInQueue('small', 1))

    await eventually('the Job to be let go', soonMs, async () =>
      (await suspended('small')) === 'false' ? true : null,
    )
  })

  it('says of a Job that asks for more GPUs than there are why it waits', async () => {
    await namespace.apply(jobInQueue('huge', 1_000))

    const message = await eventually('a reason', soonMs, async () => {
      const path = 'jsonpath={.items[*].status.conditions[?(@.type=="QuotaReserved")].message}'
      const read = await namespace.kubectl(['get', 'workloads', '-o', path])
      return read === '' ? null : read
    })

    expect(message).toContain('nvidia.com/gpu')
    expect(await suspended('huge')).toBe('true')
  })
})

function queueTo(clusterQueue: string): object {
  return {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'LocalQueue',
    metadata: { name: 'tasks' },
    spec: { clusterQueue },
  }
}

function jobInQueue(name: string, gpus: number): object {
  const amounts = { cpu: '100m', memory: '16Mi', 'nvidia.com/gpu': gpus }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { 'kueue.x-k8s.io/queue-name': 'tasks' } },
    spec: {
      suspend: true,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'task',
              image: 'leasehold.local/task-python:dev',
              imagePullPolicy: 'Never',
              command: ['sleep', '1'],
              resources: { requests: amounts, limits: { 'nvidia.com/gpu': gpus } },
            },
          ],
        },
      },
    },
  }
}
