import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { aDriver, anOrderOf, jobRef } from './testing/a-driver.ts'
import { creationSays, queueSays } from './waiting-reasons.ts'

const metadata = { name: 'w', namespace: 'n', uid: 'u', resourceVersion: '1' }
const aWorkload = (...conditions: object[]) => ({ metadata, status: { conditions } }) as never
const pending = (message: string) => ({
  type: 'QuotaReserved',
  status: 'False',
  reason: 'Pending',
  message,
})
const order = anOrderOf('1')

describe('what Kueue says of a run', () => {
  it.each([
    { what: 'nothing yet', workload: undefined, says: null },
    {
      what: 'that it has a place',
      workload: aWorkload({ type: 'Admitted', status: 'True' }),
      says: null,
    },
    {
      what: 'that others are before it',
      workload: aWorkload(
        pending('insufficient unused quota for nvidia.com/gpu in flavor all, 1 more needed'),
      ),
      says: {
        kind: 'present',
        obstacle:
          'It waits in the queue of this pool: insufficient unused quota for nvidia.com/gpu in flavor all, 1 more needed.',
      },
    },
    {
      what: 'that it is larger than the whole queue',
      workload: aWorkload(
        pending('insufficient quota for nvidia.com/gpu, request > maximum capacity (5 > 4)'),
      ),
      says: { kind: 'refused', detail: expect.stringContaining('(5 > 4)') },
    },
    {
      what: 'that the queue is not there, which the operator can mend',
      workload: aWorkload(pending("LocalQueue leasehold doesn't exist")),
      says: { kind: 'present', obstacle: expect.stringContaining("doesn't exist") },
    },
    {
      what: 'that it was preempted',
      workload: aWorkload(pending('Preempted to accommodate a workload'), {
        type: 'Evicted',
        status: 'True',
        reason: 'Preempted',
        message: 'Preempted to accommodate a workload (UID: 1)',
      }),
      says: {
        kind: 'present',
        obstacle: 'It was sent back to the queue: Preempted to accommodate a workload (UID: 1).',
      },
    },
  ])('is understood: $what', ({ workload, says }) => {
    expect(queueSays(workload)).toEqual(says)
  })
})

describe('what the API server says of a pod it did not take', () => {
  const quota = (requested: string, limited: string) =>
    `Error creating: pods "x" is forbidden: exceeded quota: q, requested: ${requested}, used: requests.cpu=1, limited: ${limited}`

  it.each([
    { said: undefined, kind: undefined },
    { said: quota('requests.cpu=500m', 'requests.cpu=1'), kind: 'present' },
    { said: quota('requests.cpu=2', 'requests.cpu=1500m'), kind: 'refused' },
    { said: quota('cpu=1,requests.memory=3Gi', 'cpu=4,requests.memory=2Gi'), kind: 'refused' },
    { said: 'Error creating: pods "x" is forbidden: violates PodSecurity', kind: 'refused' },
    { said: 'Error creating: Internal error occurred: failed calling webhook', kind: 'present' },
  ])('is $kind: $said', ({ said, kind }) => {
    expect(creationSays(said)?.kind).toBe(kind)
  })
})

describe('a run that waits', () => {
  const asked = (kube: Awaited<ReturnType<typeof aDriver>>['kube'], kind: object) =>
    kube.requests.filter((request) => request.kind === kind).length

  it('is asked about only when it waits for long, and not at every look', async () => {
    const { kube, start, see } = await aDriver({ kueueClusterQueue: 'tasks' })
    await start(order)
    const { uid } = kube.peek(kinds.jobs)[0]?.metadata ?? { uid: '' }
    kube.put(kinds.workloads, {
      metadata: {
        name: 'job-1',
        namespace: jobRef(order).namespace,
        labels: { 'kueue.x-k8s.io/job-uid': uid },
      },
      status: { conditions: [pending('others are before it')] },
    })

    expect(await see(order)).toEqual({ kind: 'present' })
    expect(asked(kube, kinds.workloads)).toBe(0)
    await expect
      .poll(() => see(order), { timeout: 10_000, interval: 100 })
      .toMatchObject({ obstacle: expect.stringContaining('others are before it') })
    for (let look = 0; look < 20; look++) await see(order)

    expect(asked(kube, kinds.workloads)).toBe(1)
  })

  it('is there, for reasons unknown, on a cluster without Kueue', async () => {
    const { kube, start, see } = await aDriver({ kueueClusterQueue: 'tasks' })
    kube.serve(kinds.workloads, false)
    await start(order)
    await see(order)

    const looking = async () => {
      await see(order)
      return asked(kube, kinds.workloads)
    }
    await expect.poll(looking, { timeout: 10_000 }).toBe(1)

    expect(await see(order)).toEqual({ kind: 'present' })
  })
})
