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
const calls = (requests: readonly FakeRequest[]) =>
  requests.filter(writes).map(({ verb, kind }) => `${verb} ${kind.plural}`)

describe('a run that is started', () => {
  it('is a suspended Job, then its Secret, and only then let go', async () => {
    const { kube, start } = await aDriver()

    await start(order)

    expect(calls(kube.requests)).toEqual([
      'create jobs',
      'create configmaps',
      'apply secrets',
      'patch jobs',
    ])
    expect(kube.peek(kinds.jobs)[0]).toMatchObject({ spec: { suspend: false } })
  })

  it('finds the agent’s code in place where another run has been', async () => {
    const { kube, start } = await aDriver()
    await start(order)
    const before = kube.requests.length

    await start(anOrderOf('2'))

    expect(calls(kube.requests.slice(before))).toEqual([
      'create jobs',
      'apply secrets',
      'patch jobs',
    ])
  })

  it('is handed to Kueue suspended where the pool has a queue', async () => {
    const { kube, start, see } = await aDriver({ kueueClusterQueue: 'tasks' })

    await start(order)

    expect(kube.peek(kinds.jobs)[0]).toMatchObject({
      spec: { suspend: true },
      metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'leasehold' } },
    })
    expect(await see(order)).toEqual({ kind: 'present' })
  })

  it.each([
    ['create', 'jobs'],
    ['create', 'configmaps'],
    ['apply', 'secrets'],
    ['patch', 'jobs'],
  ])('is completed by the next order when a worker died after "%s %s"', async (verb, plural) => {
    const { kube, start, see } = await aDriver()
    kube.interceptAfter((request) => {
      if (request.verb === verb && request.kind.plural === plural) throw new Error('killed')
    })
    await expect(start(order)).rejects.toThrow('killed')
    kube.interceptAfter(null)
    const isLetGo = verb === 'patch'
    expect((await see(order)).kind).toBe(isLetGo ? 'present' : 'absent')

    await start(order)

    expect(await see(order)).toEqual({ kind: 'present' })
    expect(kube.peek(kinds.jobs)).toHaveLength(1)
    expect(kube.peek(kinds.jobs)[0]).toMatchObject({ spec: { suspend: false } })
    expect(kube.peek(kinds.secrets)).toHaveLength(1)
  })

  it.each(['list jobs', 'create jobs', 'create configmaps', 'apply secrets', 'patch jobs'])(
    'never starts when it is destroyed at the moment of its "%s"',
    async (moment) => {
      const { kube, start, destroy, see } = await aDriver()
      let isDone = false
      kube.intercept(async ({ verb, kind }) => {
        if (isDone || `${verb} ${kind.plural}` !== moment) return
        isDone = true
        await destroy(order)
      })

      await start(order)
      kube.intercept(null)

      expect(isDone).toBe(true)
      expect(kube.peek(kinds.jobs)).toEqual([])
      expect(await see(order)).toEqual({ kind: 'absent' })
    },
  )

  it('is refused with the API server’s words when the cluster will never take it', async () => {
    const { kube, start, see } = await aDriver()
    kube.intercept(({ verb, kind }) => {
      if (verb === 'create' && kind === kinds.jobs)
        throw refusal(403, 'Forbidden', 'ValidatingAdmissionPolicy "x" denied request: no tasks.')
    })

    await start(order)

    expect(await see(order)).toEqual({
      kind: 'refused',
      detail:
        'The cluster does not take it: ValidatingAdmissionPolicy "x" denied request: no tasks.',
    })
  })

  it.each([
    refusal(403, 'Forbidden', 'jobs is forbidden: User "x" cannot create resource'),
    refusal(403, 'Forbidden', 'exceeded quota: q, requested: count/jobs.batch=1'),
    refusal(404, 'NotFound', 'namespaces "hold-ten-1" not found'),
  ])('is asked for again later after "$message"', async (error) => {
    const { kube, start, see } = await aDriver()
    kube.intercept(({ verb, kind }) => {
      if (verb === 'create' && kind === kinds.jobs) throw error
    })

    await expect(start(order)).rejects.toBe(error)

    expect(await see(order)).toEqual({ kind: 'absent' })
  })
})

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
