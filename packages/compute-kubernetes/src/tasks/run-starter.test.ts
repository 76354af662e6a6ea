import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { KubeError } from '../client/kube-error.ts'
import type { FakeRequest } from '../client/testing/fake-controls.ts'
import { aDriver, anOrderOf } from './testing/a-driver.ts'

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
