import type { TaskDriver } from '@leasehold/application'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { localQueueName } from './task-settings.ts'
import { openTaskPlace, type PlacedRun, type TaskPlace } from './testing/task-place.ts'

const { signal } = new AbortController()
const minutes = 60_000
const waiting = 'echo up; while true; do sleep 0.1; done'
const saving = `trap 'echo saved > outputs/checkpoint; exit 0' TERM; ${waiting}`
const policy = (workloadPriorityClass: string) => ({ graceSeconds: 60, workloadPriorityClass })

describeOnCluster(
  'runs that Kueue lets go',
  (cluster) => {
    let place: TaskPlace
    /** A worker whose tasks Kueue puts before those of `place`. */
    let urgent: TaskDriver
    let queue: string
    const placed: PlacedRun[] = []
    const remember = (one: PlacedRun) => {
      placed.push(one)
      return one
    }
    const queueRef = () => ({ kind: kinds.clusterQueues, name: queue })

    beforeAll(async () => {
      place = await openTaskPlace(cluster, {
        kueueClusterQueue: 'its own',
        tasks: policy('low'),
      })
      urgent = await place.open({ tasks: policy('high') })
      queue = place.settings.prefix
      await place.client.create(kinds.clusterQueues, aQueueForOne(queue, cluster.runLabel), signal)
      await place.client.create(
        kinds.localQueues,
        {
          metadata: { name: localQueueName, namespace: place.namespace },
          spec: { clusterQueue: queue },
        },
        signal,
      )
    }, 2 * minutes)
    afterEach(async () => {
      for (const { order } of placed.splice(0)) await place.destroy(order)
    }, 2 * minutes)
    afterAll(async () => {
      await place?.client.delete(queueRef(), signal)
      await place?.close()
    }, minutes)

    it('run to their end, and the place in the queue is free again', async () => {
      for (let count = 0; count < 2; count++) {
        const { order, run } = remember(await place.runToEnd({ script: 'echo done' }))
        await place.until(order, { kind: 'absent' })

        expect(run.log().toString()).toBe('done\n')
        await place.destroy(order)
      }
    })

    it('wait for their turn, say so, and can be destroyed while they wait', async () => {
      const first = remember(await place.startUp(waiting))
      const second = remember(place.newRun({ script: waiting }))
      await place.driver.startRun(second.order, signal)

      await place.until(second.order, {
        kind: 'present',
        obstacle: expect.stringContaining('waits in the queue'),
      })
      expect(await place.podsOf(second.order)).toEqual([])

      await place.destroy(second.order)
      expect(await place.see(second.order)).toEqual({ kind: 'absent' })
      expect(await place.see(first.order)).toEqual({ kind: 'present' })
    })

    it('are refused with numbers when they are larger than the whole queue', async () => {
      const { shape } = place.newRun({ script: '' }).order
      const cpu = { ...shape.cpu, cores: 2 }
      const { order } = remember(place.newRun({ script: '' }, { shape: { ...shape, cpu } }))
      await place.driver.startRun(order, signal)

      await place.until(order, {
        kind: 'refused',
        detail: expect.stringMatching(/\(2\) > maximum capacity \(1\)/),
      })
    })

    it('save what they have when others are let before them, and never run a second time', async () => {
      const low = remember(await place.startUp(saving))
      const high = remember(place.newRun({ script: waiting }))
      await urgent.startRun(high.order, signal)
      await low.run.until(() => low.run.finish !== null, 'the first run is told to end', minutes)
      await high.run.until(() => high.run.log().includes('up'), 'the other one runs', minutes)

      expect(low.run.finish).toMatchObject({ failure: 'interrupted' })
      expect(low.run.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
      await place.until(low.order, {
        kind: 'present',
        obstacle: expect.stringContaining('sent back to the queue'),
      })

      await place.destroy(high.order)
      await place.until(low.order, { kind: 'absent', loss: { reason: 'machine-lost' } })
      expect(low.run.log().toString().match(/^up$/gm)).toHaveLength(1)
      expect(low.run.requests.filter((request) => request.endsWith('/begin'))).toHaveLength(2)
    })
  },
  { level: 'real' },
)

/** A queue with room for one small run, in which the more urgent go first. */
function aQueueForOne(name: string, label: { readonly name: string; readonly value: string }) {
  const quota = { cpu: '1', memory: '1Gi', 'ephemeral-storage': '20Gi' }
  const resources = Object.entries(quota).map(([resource, nominalQuota]) => ({
    name: resource,
    nominalQuota,
  }))
  return {
    metadata: { name, labels: { [label.name]: label.value } },
    spec: {
      namespaceSelector: {},
      preemption: { withinClusterQueue: 'LowerPriority' },
      resourceGroups: [
        { coveredResources: Object.keys(quota), flavors: [{ name: 'default', resources }] },
      ],
    },
  }
}
