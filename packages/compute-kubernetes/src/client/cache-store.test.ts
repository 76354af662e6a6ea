import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCacheStore } from './cache-store.ts'
import type { KubeObject } from './kube-object.ts'

const object = (version: number, uid = 'one', name = 'vm'): KubeObject => ({
  metadata: { name, namespace: 'tenant', uid, resourceVersion: String(version) },
})

describe('the store of a watch cache', () => {
  it('takes no list for newer than what was written after it', () => {
    const store = makeCacheStore({}, () => {})
    store.put(object(20))

    store.replaceAll([], '19')
    expect(store.get('tenant', 'vm')).not.toBeNull()
    store.replaceAll([], '20')
    expect(store.get('tenant', 'vm')).toBeNull()
  })

  it('never takes in again what is gone for good', () => {
    const store = makeCacheStore({}, () => {})
    store.put(object(1))
    store.remove({ metadata: { name: 'vm', namespace: 'tenant', uid: 'one' } })

    store.put(object(99))
    store.replaceAll([object(99)], '99')

    expect(store.list()).toEqual([])
  })

  it('takes in again what only went out of sight, if it is younger', () => {
    const store = makeCacheStore({}, () => {})
    store.put(object(5))
    store.remove(object(8))

    store.put(object(7))
    expect(store.list()).toEqual([])
    store.put(object(9))
    expect(store.list()).toHaveLength(1)
  })

  it('compares versions as numbers', () => {
    const store = makeCacheStore({}, () => {})
    store.put(object(99))

    store.put(object(100))

    expect(store.get('tenant', 'vm')?.metadata.resourceVersion).toBe('100')
  })

  it('files objects under all values of an index, and forgets empty ones', () => {
    const store = makeCacheStore(
      { name: ({ metadata }) => [metadata.name, metadata.uid] },
      () => {},
    )
    store.put(object(1))

    expect(store.find('name', 'vm')).toEqual(store.find('name', 'one'))
    store.put(object(2, 'two'))
    expect(store.find('name', 'one')).toEqual([])
    expect(() => store.find('color', 'red')).toThrow('no index color')
  })

  // The life of two objects that bear one name after the other, as an API server tells it.
  const history = [
    { type: 'put', object: object(1) },
    { type: 'put', object: object(2) },
    { type: 'remove', object: object(3) },
    { type: 'put', object: object(4, 'two') },
    { type: 'put', object: object(5, 'two') },
  ] as const

  it('ends the same in whatever order and how often it is told', () => {
    const told = fc.array(fc.constantFrom(...history), { maxLength: 12 })
    fc.assert(
      fc.property(told, fc.shuffledSubarray([...history], { minLength: 5 }), (some, all) => {
        const store = makeCacheStore({}, () => {})

        for (const { type, object: of } of [...some, ...all]) store[type](of)

        expect(store.list()).toEqual([object(5, 'two')])
      }),
    )
  })
})
