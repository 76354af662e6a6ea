import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../client/kube-object.ts'
import { differences, withoutExtras } from './object-difference.ts'

const metadata = { name: 'x', uid: '1', resourceVersion: '1' }
const live = (body: object, labels = {}) =>
  ({ metadata: { ...metadata, labels }, ...body }) as unknown as KubeObject
const wanted = (body: object, labels = {}) => ({ metadata: { name: 'x', labels }, ...body })
const found = (want: object, have: object) =>
  differences(wanted(want), live(have)).map(({ path, what }) => `${what} ${path}`)

describe('an object in the cluster', () => {
  it.each([
    { what: 'the same', want: { spec: { a: 1 } }, have: { spec: { a: 1 } }, is: [] },
    {
      what: 'the same amounts in other words',
      want: { spec: { hard: { cpu: '1500m', memory: '1024Mi' } } },
      have: { spec: { hard: { cpu: '1.5', memory: '1Gi' } } },
      is: [],
    },
    { what: 'an empty list left out', want: { spec: { a: [] } }, have: { spec: {} }, is: [] },
    { what: 'an empty map left out', want: { spec: { a: {} } }, have: { spec: {} }, is: [] },
    { what: 'fields nobody asked for', want: { a: 1 }, have: { a: 1, status: {}, b: 2 }, is: [] },
    { what: 'less', want: { spec: { a: 1 } }, have: { spec: {} }, is: ['missing spec.a'] },
    {
      what: 'more',
      want: { spec: { a: 1 } },
      have: { spec: { a: 1, b: 2 } },
      is: ['extra spec.b'],
    },
    {
      what: 'more where all was meant',
      want: { spec: { podSelector: {} } },
      have: { spec: { podSelector: { matchLabels: { a: 'b' } } } },
      is: ['extra spec.podSelector.matchLabels'],
    },
    {
      what: 'another list',
      want: { spec: { a: [1, 2] } },
      have: { spec: { a: [1, 2, 3] } },
      is: ['differs spec.a'],
    },
    {
      what: 'another element of a list',
      want: { spec: { a: [{ b: 1 }] } },
      have: { spec: { a: [{ b: 2 }] } },
      is: ['differs spec.a.0.b'],
    },
  ])('with $what is told as $is', ({ want, have, is }) => {
    expect(found(want, have)).toEqual(is)
  })

  it('may have further labels, but none of ours may be missing or changed', () => {
    const labels = { ours: 'yes', gone: 'no' }

    const paths = differences(wanted({}, labels), live({}, { ours: 'no', theirs: 'too' }))

    expect(paths.map(({ path }) => path)).toEqual(['metadata.labels.ours', 'metadata.labels.gone'])
  })

  it('loses what was added by a patch, as far as a patch can take it', () => {
    const have = { spec: { a: 1, b: { c: 2, d: 3 }, list: [{ e: 1 }] } }

    const found = differences(wanted({ spec: { a: 1, b: { c: 2 }, list: [{}] } }), live(have))

    expect(withoutExtras(found)).toEqual({ spec: { b: { d: null } } })
    expect(withoutExtras([])).toBeNull()
  })
})
