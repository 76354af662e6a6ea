import { describe, expect, it } from 'vitest'
import { taskDriverContract } from '../../../testing/src/contracts/task-driver-contract.ts'
import { kinds } from '../client/kinds.ts'
import { KubeError } from '../client/kube-error.ts'
import type { FakeRequest } from '../client/testing/fake-controls.ts'
import { aDriver, anOrderOf, jobRef, putPod } from './testing/a-driver.ts'

let count = 0
taskDriverContract('Jobs on a cluster in memory', async () => {
  const place = await aDriver()
  return {
    driver: place.driver,
    newOrder: () => anOrderOf(`contract${count++}`),
    newImpossibleOrder: () => anOrderOf(`contract${count++}`, { isolation: 'vm' }),
    killMachine: async (id) => {
      const { namespace, name } = jobRef(anOrderOf(id.slice(4)))
      const conditions = [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]
      place.kube.edit({ kind: kinds.jobs, namespace, name }, { status: { conditions } })
    },
    close: () => place.driver.close(),
  }
})

const { signal } = new AbortController()
const order = anOrderOf('1')
const refusal = (status: number, reason: string, message: string) =>
  new KubeError({ status, reason, message })
const writes = ({ verb }: FakeRequest) => !['get', 'list'].includes(verb)

describe('a run that is looked at', () => {
  it('costs no request while it is there', async () => {
    const place = await aDriver()
    await place.start(order)
    putPod(place, order, { phase: 'Running' })
    const before = place.kube.requests.length

    expect(await place.see(order)).toEqual({ kind: 'present' })

    expect(place.kube.requests.length).toBe(before)
  })

  it('is unknown while nothing answers, and when the watches are behind it is not taken for absent', async () => {
    const { kube, start, see, open } = await aDriver()
    const other = await open()
    kube.holdWatches(true)
    await start(order)

    expect(await other.inspectRun(order.taskId, 1, signal)).toEqual({ kind: 'present' })

    kube.unavailable(true)
    expect(await see(order)).toEqual({ kind: 'unknown' })
  })

  it('is unknown when the look at the API server fails', async () => {
    const { kube, see, log } = await aDriver()
    kube.intercept(() => {
      throw refusal(500, 'InternalError', 'etcd is away')
    })

    expect(await see(order)).toEqual({ kind: 'unknown' })
    expect(JSON.stringify(log)).not.toContain(order.credential)
  })

  it('is there while a pod of a Job that somebody removed goes on', async () => {
    const place = await aDriver()
    await place.start(order)
    putPod(place, order, { phase: 'Running' })
    place.kube.vanish(jobRef(order))

    expect(await place.see(order)).toEqual({ kind: 'present' })
  })

  it('is not mistaken for a Job that somebody else put labels on', async () => {
    const { kube, see } = await aDriver()
    kube.put(kinds.jobs, {
      metadata: {
        name: 'miner',
        namespace: 'hold-ten-1',
        labels: {
          'app.kubernetes.io/managed-by': 'leasehold',
          'leasehold.dev/pool': 'east',
          'leasehold.dev/task': order.taskId,
        },
        annotations: { 'leasehold.dev/attempt': '1', 'leasehold.dev/released': 'true' },
      },
      spec: {},
    })

    expect(await see(order)).toEqual({ kind: 'absent' })
  })
})

describe('a run that is destroyed', () => {
  it('takes its Job, its Secret and its pod with it, the pod at once', async () => {
    const place = await aDriver()
    await place.start(order)
    putPod(place, order, { phase: 'Running' })

    await place.destroy(order)

    for (const kind of [kinds.jobs, kinds.pods, kinds.secrets])
      expect(place.kube.peek(kind)).toEqual([])
    const removed = place.kube.requests.find((one) => one.kind === kinds.pods && writes(one))
    expect(removed?.body).toMatchObject({ gracePeriodSeconds: 1 })
  })

  it('is not over before its pod is gone', async () => {
    const place = await aDriver()
    await place.start(order)
    putPod(place, order, { phase: 'Running' })
    const pod = { ...jobRef(order), kind: kinds.pods, name: 'tsk-1-a1-x' }
    place.kube.edit(pod, { metadata: { finalizers: ['batch.kubernetes.io/job-tracking'] } })
    let isOver = false
    const destroying = place.destroy(order).then(() => {
      isOver = true
    })
    const leaving = () => place.kube.peek(kinds.pods)[0]?.metadata.deletionTimestamp
    await expect.poll(leaving, { timeout: 5_000 }).toBeDefined()
    expect(await place.see(order)).toEqual({ kind: 'present' })
    expect(isOver).toBe(false)

    place.kube.edit(pod, { metadata: { finalizers: null } })
    await destroying

    expect(await place.see(order)).toEqual({ kind: 'absent' })
  })

  it('ends with its signal while a pod hangs', async () => {
    const place = await aDriver()
    await place.start(order)
    putPod(place, order, { phase: 'Running' })
    const pod = { ...jobRef(order), kind: kinds.pods, name: 'tsk-1-a1-x' }
    place.kube.edit(pod, { metadata: { finalizers: ['hold'] } })
    const giveUp = new AbortController()
    const destroying = place.driver.destroyRun(order.taskId, 1, giveUp.signal)
    const leaving = () => place.kube.peek(kinds.pods)[0]?.metadata.deletionTimestamp
    await expect.poll(leaving, { timeout: 5_000 }).toBeDefined()

    giveUp.abort(new Error('the worker stops'))

    await expect(destroying).rejects.toThrow('the worker stops')
  })

  it('goes although somebody else writes its pod at the same moment', async () => {
    const place = await aDriver()
    await place.start(order)
    putPod(place, order, { phase: 'Running' })
    let conflicts = 0
    place.kube.intercept(({ verb, kind }) => {
      if (verb !== 'delete' || kind !== kinds.pods || conflicts > 0) return
      conflicts += 1
      throw refusal(409, 'Conflict', 'the object has been modified')
    })

    await place.destroy(order)

    expect(conflicts).toBe(1)
    expect(place.kube.peek(kinds.pods)).toEqual([])
  })

  it('is remembered for days, and then forgotten', async () => {
    const { kube, clock, destroy, open } = await aDriver()
    await destroy(order)
    const notes = () =>
      kube.peek(kinds.configMaps, 'leasehold-system').map(({ metadata }) => metadata.name)
    clock.advance(5 * 24 * 3_600_000)

    const later = await open()
    await later.destroyRun(anOrderOf('2').taskId, 1, signal)

    expect(notes()).toEqual(['tsk-2-run'])
  })
})
