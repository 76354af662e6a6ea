import { aNode } from '@leasehold/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Quota } from '../quota/quota.ts'
import { type Amounts, addAmounts, findLack } from '../quota/resources.ts'
import type { TaskId, TenantId } from '../shared/ids.ts'
import { type Admission, type Candidate, planAdmissions } from './plan-admissions.ts'

const acme = 'ten_acme' as TenantId
const globex = 'ten_globex' as TenantId

function waiting(id: string, facts: Partial<Candidate> = {}): Candidate {
  const needs = facts.needs ?? { vcpu: 1 }
  return {
    kind: 'task',
    id: id as TaskId,
    tenantId: acme,
    priority: 50,
    queuedAt: 0,
    needs,
    takesQuota: needs,
    ...facts,
  }
}

const quota = (tenantId: TenantId, limit: number, used = 0): Quota => ({
  tenantId,
  resource: 'vcpu',
  limit,
  used,
})
const ample = [quota(acme, 100), quota(globex, 100)]
const admittedIds = (plan: readonly Admission[]) =>
  plan.filter((one) => one.admit).map((one) => one.candidate.id)

describe('the plan of a pool', () => {
  it('lets the more urgent go first, then the older', () => {
    const queue = [
      waiting('young', { queuedAt: 2 }),
      waiting('old', { queuedAt: 1 }),
      waiting('urgent', { queuedAt: 3, priority: 90 }),
    ]

    const plan = planAdmissions(queue, { total: { vcpu: 2 }, occupied: {} }, ample)

    expect(admittedIds(plan)).toEqual(['urgent', 'old'])
    expect(plan[2]).toMatchObject({ admit: false, position: 1, candidate: { id: 'young' } })
  })

  it('keeps room for a large one that waits in front, so that it does not starve', () => {
    const queue = [
      waiting('large', { queuedAt: 1, needs: { vcpu: 4 } }),
      waiting('small', { queuedAt: 2 }),
    ]

    const plan = planAdmissions(queue, { total: { vcpu: 4 }, occupied: { vcpu: 1 } }, ample)

    expect(admittedIds(plan)).toEqual([])
    expect(plan).toMatchObject([
      { position: 1, waitingFor: 'vcpu in the pool: needs 4, free 3' },
      { position: 2, waitingFor: 'vcpu in the pool: needs 1, free 0' },
    ])
  })

  it('lets nobody wait behind one that is larger than the whole pool', () => {
    const queue = [
      waiting('too large', { queuedAt: 1, needs: { vcpu: 9 } }),
      waiting('small', { queuedAt: 2 }),
    ]

    const plan = planAdmissions(queue, { total: { vcpu: 4 }, occupied: {} }, ample)

    expect(admittedIds(plan)).toEqual(['small'])
    expect(plan[0]).toMatchObject({
      waitingFor: 'a larger pool: needs 9 vcpu, the whole pool has 4',
    })
  })

  it('lets nobody wait behind one that only its own quota keeps back', () => {
    const queue = [
      waiting('over', { queuedAt: 1, needs: { vcpu: 3 } }),
      waiting('other tenant', { queuedAt: 2, tenantId: globex }),
    ]

    const plan = planAdmissions(queue, { total: { vcpu: 3 }, occupied: {} }, [
      quota(acme, 4, 2),
      quota(globex, 9),
    ])

    expect(admittedIds(plan)).toEqual(['other tenant'])
    expect(plan[0]).toMatchObject({ waitingFor: "the tenant's quota of vcpu: limit 4, used 2" })
  })

  it('counts what it has just given to a tenant', () => {
    const queue = [waiting('first', { queuedAt: 1 }), waiting('second', { queuedAt: 2 })]

    const plan = planAdmissions(queue, { total: { vcpu: 9 }, occupied: {} }, [quota(acme, 1)])

    expect(admittedIds(plan)).toEqual(['first'])
  })

  it('lets a lease in whose quota is held already', () => {
    const lease = waiting('lease', { kind: 'lease', takesQuota: {} })

    expect(
      admittedIds(
        planAdmissions([lease], { total: { vcpu: 1 }, occupied: {} }, [quota(acme, 1, 1)]),
      ),
    ).toEqual(['lease'])
  })

  describe('of nodes', () => {
    const total = { 'gpu/a100': 2 }
    const nodes = [aNode({ total }), aNode({ total, free: { 'gpu/a100': 1 } })]
    const totals = { total: {}, occupied: {} }
    const wanting = (id: string, gpus: number, facts: Partial<Candidate> = {}) =>
      waiting(id, {
        takesQuota: {},
        footprint: {
          takes: { 'gpu/a100': gpus, places: 1 },
          as: 'machine',
          placement: null,
          tenantId: acme,
          machineType: null,
        },
        ...facts,
      })

    it('admits what fits on one node, whatever the totals say', () => {
      const queue = [
        wanting('pair', 2, { queuedAt: 1 }),
        wanting('second pair', 2, { queuedAt: 2 }),
        wanting('one', 1, { queuedAt: 3 }),
      ]

      const plan = planAdmissions(queue, { ...totals, nodes }, ample)

      expect(admittedIds(plan)).toEqual(['pair'])
      expect(plan).toMatchObject([
        { admit: true },
        { waitingFor: 'gpu/a100 in the pool: needs 2, free 1', position: 1 },
        { waitingFor: 'gpu/a100 in the pool: needs 1, free 0', position: 2 },
      ])
    })

    it('lets nobody wait behind one that no node could ever hold', () => {
      const queue = [wanting('four', 4, { queuedAt: 1 }), wanting('pair', 2, { queuedAt: 2 })]

      const plan = planAdmissions(queue, { ...totals, nodes }, ample)

      expect(admittedIds(plan)).toEqual(['pair'])
      expect(plan[0]).toMatchObject({
        waitingFor: 'a larger node: gpu/a100: 4 in all, but no node has 4',
      })
    })
  })

  const anyCandidates = fc.array(
    fc.record({
      cpu: fc.integer({ min: 0, max: 5 }),
      memory: fc.integer({ min: 0, max: 5 }),
      priority: fc.integer({ min: 0, max: 3 }),
      queuedAt: fc.integer({ min: 0, max: 3 }),
      tenantId: fc.constantFrom(acme, globex),
    }),
    { maxLength: 12 },
  )

  it('never gives away more than the pool has, nor more than a quota allows', () => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(8), fc.nat(8), fc.nat(6), (all, cpu, memory, limit) => {
        const total: Amounts = { vcpu: cpu, 'memory-mib': memory }
        const quotas = [acme, globex].flatMap((tenantId) => [
          quota(tenantId, limit),
          { ...quota(tenantId, 99), resource: 'memory-mib' as const },
        ])
        const queue = all.map((one, index) => {
          const needs = { vcpu: one.cpu, 'memory-mib': one.memory }
          return waiting(`t${index}`, { ...one, needs, takesQuota: needs })
        })

        const plan = planAdmissions(queue, { total, occupied: {} }, quotas)

        const given = plan.filter((one) => one.admit).map((one) => one.candidate)
        const sum = given.reduce<Amounts>((taken, { needs }) => addAmounts(taken, needs), {})
        expect(findLack(sum, total)).toBeNull()
        for (const tenantId of [acme, globex]) {
          const own = given.filter((candidate) => candidate.tenantId === tenantId)
          expect(
            own.reduce((taken, { needs }) => taken + (needs.vcpu ?? 0), 0),
          ).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })

  it('answers every candidate once, with positions that count up', () => {
    fc.assert(
      fc.property(anyCandidates, fc.nat(8), (all, cpu) => {
        const queue = all.map((one, index) =>
          waiting(`t${index}`, { ...one, needs: { vcpu: one.cpu } }),
        )

        const plan = planAdmissions(queue, { total: { vcpu: cpu }, occupied: {} }, ample)

        expect(plan.map((one) => one.candidate.id).sort()).toEqual(queue.map(({ id }) => id).sort())
        const positions = plan.flatMap((one) => (one.admit ? [] : [one.position]))
        expect(positions).toEqual(positions.map((_, index) => index + 1))
      }),
    )
  })

  it('admits the first in line whenever it fits an empty pool', () => {
    fc.assert(
      fc.property(anyCandidates, (all) => {
        const queue = all.map((one, index) =>
          waiting(`t${index}`, { ...one, needs: { vcpu: one.cpu } }),
        )
        const [first] = planAdmissions(queue, { total: { vcpu: 5 }, occupied: {} }, [])

        // Without a row a quota is nothing, so only those that take nothing get in.
        if (first !== undefined)
          expect(first.admit).toBe((first.candidate.takesQuota.vcpu ?? 0) === 0)
      }),
    )
  })
})
