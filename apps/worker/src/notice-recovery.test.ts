import type { Pool, PoolTrouble } from '@leasehold/application'
import { fakePools } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeNoticeRecovery } from './notice-recovery.ts'

const { signal } = new AbortController()
const down: PoolTrouble = { detail: 'down', since: 0 }

function aWatch() {
  const place = { trouble: null as PoolTrouble | null, at: 0, looks: 0 }
  const always = { name: 'always' } as Pool
  const cluster = { name: 'cluster', trouble: () => place.trouble } as Pool
  const repair = async () => {
    place.looks++
    return { tenants: 2 }
  }
  const notice = makeNoticeRecovery(fakePools([always, cluster]), repair, () => place.at)
  return { place, look: async () => (await notice(signal)).recovered }
}

describe('a pool that is well again', () => {
  it('has every tenant looked at, once', async () => {
    const { place, look } = aWatch()
    expect(await look()).toBe('')
    place.trouble = down
    expect(await look()).toBe('')

    place.trouble = null

    expect(await look()).toBe('cluster')
    expect(await look()).toBe('')
    expect(place.looks).toBe(1)
  })

  it('that comes and goes has them looked at twice a minute, and not less', async () => {
    const { place, look } = aWatch()
    const flicker = async () => {
      place.trouble = down
      await look()
      place.trouble = null
      return look()
    }
    expect(await flicker()).toBe('cluster')

    place.at = 29_999
    expect(await flicker()).toBe('')
    place.at = 30_000

    expect(await look()).toBe('cluster')
  })
})
