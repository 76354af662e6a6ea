import { describe, expect, it } from 'vitest'
import { kinds } from '../kinds.ts'
import { KubeUnavailable } from '../kube-error.ts'
import { nowhere } from './contract-tools.ts'
import type { FakeKube } from './fake-controls.ts'
import { fakeKube } from './fake-kube.ts'
import { kubeClientContract } from './kube-client-contract.ts'

kubeClientContract('fake', async () => {
  const client = fakeKube({ namespaces: ['tenant'] })
  client.serve(nowhere, false)
  return { client, namespace: 'tenant', namespaceLabels: {}, close: () => client.close() }
})

describe('what a test does to the cluster in memory', () => {
  const { signal } = new AbortController()
  const ref = { kind: kinds.secrets, namespace: 'default', name: 'seed' }
  const manifest = { metadata: { name: 'seed', namespace: 'default' } }
  const followed = async (kube: FakeKube) => {
    const cache = kube.watchCache(kinds.secrets, {}, () => {}, signal)
    await cache.synced(signal)
    return cache
  }

  it('takes the API server away, and the caches are not fresh until it is back', async () => {
    const kube = fakeKube()
    const cache = await followed(kube)
    kube.unavailable(true)
    kube.put(kinds.secrets, manifest)

    await expect(kube.get(ref, signal)).rejects.toBeInstanceOf(KubeUnavailable)
    expect([cache.isFresh(), cache.isSynced(), cache.list()]).toEqual([false, true, []])
    kube.unavailable(false)

    expect([cache.isFresh(), cache.list().length]).toEqual([true, 1])
  })

  it('holds news back, but not what the client wrote itself', async () => {
    const kube = fakeKube()
    const cache = await followed(kube)
    kube.holdWatches(true)
    kube.put(kinds.secrets, manifest)
    await kube.create(kinds.secrets, { metadata: { name: 'own', namespace: 'default' } }, signal)

    expect(cache.list().map(({ metadata }) => metadata.name)).toEqual(['own'])
    kube.holdWatches(false)

    expect(cache.list()).toHaveLength(2)
  })

  it('stops a request before it happens, or hides that it did', async () => {
    const kube = fakeKube()
    const fail = () => {
      throw new KubeUnavailable('no answer')
    }
    kube.intercept(fail)
    await expect(kube.create(kinds.secrets, manifest, signal)).rejects.toThrow('no answer')
    expect(kube.peek(kinds.secrets)).toEqual([])

    kube.intercept(null)
    kube.interceptAfter(fail)
    await expect(kube.create(kinds.secrets, manifest, signal)).rejects.toThrow('no answer')

    expect(kube.peek(kinds.secrets)).toHaveLength(1)
  })

  it('lets a call hang until its signal aborts', async () => {
    const kube = fakeKube()
    const caller = new AbortController()
    kube.intercept(() => new Promise(() => {}))
    const call = kube.get(ref, caller.signal)

    caller.abort(new Error('enough'))

    await expect(call).rejects.toThrow('enough')
  })

  it('keeps a status that only its subresource writes', async () => {
    const kube = fakeKube()
    const job = { kind: kinds.jobs, namespace: 'default', name: 'run' }
    await kube.create(
      kinds.jobs,
      { metadata: { name: 'run', namespace: 'default' }, status: { active: 1 } },
      signal,
    )
    await kube.mergePatch(job, { status: { active: 2 } }, signal)
    expect(await kube.get(job, signal)).not.toHaveProperty('status')

    await kube.mergePatch(job, { status: { active: 3 } }, signal, { subresource: 'status' })

    expect(await kube.get(job, signal)).toMatchObject({ status: { active: 3 } })
  })
})
