import type { Pool, PoolTrouble } from '@leasehold/application'
import { fakePools } from '@leasehold/testing'
import { expect, it } from 'vitest'
import { makeNoticeRecovery } from './notice-recovery.ts'

const { signal } = new AbortController()

it('looks at every tenant once when a pool is well again, and not while none ever was ill', async () => {
  let trouble: PoolTrouble | null = null
  let looks = 0
  const always = { name: 'always' } as Pool
  const cluster = { name: 'cluster', trouble: () => trouble } as Pool
  const notice = makeNoticeRecovery(fakePools([always, cluster]), async () => {
    looks++
    return { tenants: 2 }
  })
  expect(await notice(signal)).toEqual({ recovered: '' })

  trouble = { detail: 'down', since: 0 }
  await notice(signal)
  expect(looks).toBe(0)
  trouble = null
  expect(await notice(signal)).toEqual({ recovered: 'cluster' })
  await notice(signal)

  expect(looks).toBe(1)
})
