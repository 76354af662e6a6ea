import { beforeEach, describe, expect, it } from 'vitest'
import { kinds } from '../kinds.ts'
import type { KubeClient } from '../kube-client.ts'
import type { CacheChange } from '../watch-cache.ts'
import { type ConfigMap, type ContractTools, nowhere } from './contract-tools.ts'

/** The part of the client's contract that is about its watch caches. */
export function watchCacheContract({
  signal,
  create,
  refOf,
  harness,
  label: labelNow,
}: ContractTools) {
  let client: KubeClient
  let namespace: string
  let label = ''

  beforeEach(() => {
    ;({ client, namespace } = harness())
    label = labelNow()
  })

  describe('a watch cache', () => {
    const followed = () => {
      const ended = new AbortController()
      const changes: CacheChange<ConfigMap>[] = []
      const cache = client.watchCache<ConfigMap>(
        kinds.configMaps,
        {
          namespace,
          labelSelector: `contract=${label}`,
          indexes: { value: ({ data }) => Object.values(data ?? {}) },
        },
        (change) => changes.push(change),
        ended.signal,
      )
      return { cache, changes, end: () => ended.abort() }
    }
    const eventually = { timeout: 20_000, interval: 50 }

    it('has what was there before, and is fresh', async () => {
      await create({ a: 'old' })
      const { cache, end } = followed()

      await cache.synced(signal)

      expect(cache.isFresh()).toBe(true)
      expect(cache.get(namespace, label)).toMatchObject({ data: { a: 'old' } })
      expect(cache.list()).toHaveLength(1)
      end()
    })

    it('knows what its client wrote as soon as the call returns', async () => {
      const { cache, end } = followed()
      await cache.synced(signal)

      const { metadata } = await create({ a: 'one' })
      expect(cache.get(namespace, label)?.metadata.uid).toBe(metadata.uid)

      await client.mergePatch(refOf(), { data: { a: 'two' } }, signal)
      expect(cache.get(namespace, label)?.data).toEqual({ a: 'two' })

      await client.delete(refOf(), signal)
      expect(cache.get(namespace, label)).toBeNull()
      end()
    })

    it('does not take in what its selector leaves out', async () => {
      const { cache, end } = followed()
      await cache.synced(signal)

      await client.create(
        kinds.configMaps,
        { metadata: { name: label, namespace, labels: { contract: 'another' } } },
        signal,
      )

      expect(cache.get(namespace, label)).toBeNull()
      end()
    })

    it('tells of each change once, in order', async () => {
      const { cache, changes, end } = followed()
      await cache.synced(signal)

      await create({ a: 'one' })
      await client.mergePatch(refOf(), { data: { a: 'two' } }, signal)
      await client.delete(refOf(), signal)
      await create({ a: 'three' }, `${label}-last`)
      await expect.poll(() => cache.get(namespace, `${label}-last`), eventually).not.toBeNull()

      expect(changes.map(({ type, object }) => [type, object.data?.a])).toEqual([
        ['changed', 'one'],
        ['changed', 'two'],
        ['removed', 'two'],
        ['changed', 'three'],
      ])
      end()
    })

    it('finds objects by its indexes, at their latest values only', async () => {
      const { cache, end } = followed()
      await cache.synced(signal)

      await create({ a: 'one' })
      await client.mergePatch(refOf(), { data: { a: 'two' } }, signal)

      expect(cache.find('value', 'one')).toEqual([])
      expect(cache.find('value', 'two')).toHaveLength(1)
      end()
    })

    it('loses an object whose labels leave its selector', async () => {
      await create()
      const { cache, end } = followed()
      await cache.synced(signal)

      await client.mergePatch(refOf(), { metadata: { labels: { contract: 'another' } } }, signal)

      await expect.poll(() => cache.get(namespace, label), eventually).toBeNull()
      end()
    })

    it('is not fresh any more when its signal has ended', async () => {
      const { cache, end } = followed()
      await cache.synced(signal)

      end()

      expect(cache.isFresh()).toBe(false)
    })

    it('is never synced for a kind that the cluster does not serve', async () => {
      const ended = new AbortController()
      const cache = client.watchCache(nowhere, { namespace }, () => {}, ended.signal)

      await client.list(kinds.configMaps, { namespace }, signal)

      expect(cache.isSynced()).toBe(false)
      expect(cache.isFresh()).toBe(false)
      ended.abort()
    })
  })
}
