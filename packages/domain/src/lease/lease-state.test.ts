import { describe, expect, it } from 'vitest'
import { isFinalLeaseReason, leaseEndReasons } from './lease-end-reason.ts'
import { canMoveLease, leaseStates, leaseTransitions } from './lease-state.ts'

describe('the moves of a lease', () => {
  it('lead only to states that exist', () => {
    for (const targets of Object.values(leaseTransitions))
      for (const target of targets) expect(leaseStates).toContain(target)
  })

  it.each(['released', 'failed'] as const)('end at %s', (state) => {
    expect(leaseTransitions[state]).toEqual([])
  })

  it.each(['provisioning', 'ready'] as const)(
    'leave %s only through stopping, so that no end is declared while a machine may be left',
    (state) => {
      for (const end of ['released', 'failed', 'stopped', 'queued'] as const)
        expect(canMoveLease(state, end)).toBe(false)
      expect(canMoveLease(state, 'stopping')).toBe(true)
    },
  )

  it('reach every state from the first', () => {
    const reached = new Set<(typeof leaseStates)[number]>(['requested'])
    for (const from of reached) for (const to of leaseTransitions[from]) reached.add(to)

    expect([...reached].sort()).toEqual([...leaseStates].sort())
  })
})

describe('the reason of an end', () => {
  it.each(Object.entries(leaseEndReasons))('%s leads from stopping to %s', (_reason, end) => {
    expect(canMoveLease('stopping', end)).toBe(true)
  })

  it('is final where nothing of the lease is kept', () => {
    const kept = Object.keys(leaseEndReasons).filter(
      (reason) => !isFinalLeaseReason(reason as keyof typeof leaseEndReasons),
    )

    expect(kept.sort()).toEqual([
      'powered-off',
      'restarted-by-tenant',
      'start-failed',
      'stopped-by-tenant',
    ])
  })
})
