import type { LeaseId, MachineTypeName, PoolName, TaskId, TenantId } from '@leasehold/domain'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as names from './object-names.ts'

const ids = <Id extends string>(kind: string) =>
  fc.stringMatching(/^[0-9a-z]([0-9a-z-]{0,24}[0-9a-z])?$/).map((tail) => `${kind}_${tail}` as Id)
const leaseIds = ids<LeaseId>('lse')
const taskIds = ids<TaskId>('tsk')
const tenantIds = ids<TenantId>('ten')
const prefixes = fc.stringMatching(/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/)
const roles = fc.constantFrom('system', 'data', 'log') as fc.Arbitrary<'system' | 'data' | 'log'>
/** RFC 1123. */
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const labelValue = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

describe('names of objects', () => {
  it('lead back to the id they were made from', () => {
    fc.assert(
      fc.property(
        leaseIds,
        taskIds,
        tenantIds,
        prefixes,
        fc.integer({ min: 1, max: 9_999 }),
        (l, t, n, p, a) => {
          expect(names.leaseIdOfMachine(names.machineName(l))).toBe(l)
          expect(names.runOfJob(names.jobName(t, a))).toEqual({ taskId: t, attempt: a })
          expect(names.tenantIdOfNamespace(p, names.namespaceOf(p, n))).toBe(n)
        },
      ),
    )
  })

  it('are DNS labels that Kubernetes takes', () => {
    fc.assert(
      fc.property(
        leaseIds,
        taskIds,
        tenantIds,
        prefixes,
        roles,
        fc.nat({ max: 15 }),
        (l, t, n, p, r, i) => {
          for (const name of [
            names.machineName(l),
            names.seedSecretName(l),
            names.endedMapName('east' as PoolName, i),
            names.diskClaimName(l, r, i),
            names.diskVolumeName(r, i),
            names.jobName(t, i + 1),
            names.namespaceOf(p, n),
          ])
            expect(name).toMatch(dnsLabel)
        },
      ),
    )
  })

  it('differ where ids, disks or attempts differ', () => {
    fc.assert(
      fc.property(leaseIds, leaseIds, (one, other) => {
        const all = [one, other].flatMap((id) => [
          names.machineName(id),
          names.diskClaimName(id, 'system', 0),
          names.diskClaimName(id, 'data', 1),
          names.diskClaimName(id, 'data', 2),
        ])
        expect(new Set(all).size).toBe(one === other ? 4 : 8)
      }),
    )
  })

  it.each([
    '',
    'lse',
    'lse_',
    'LSE_1',
    'lse_A',
    'lse_-1',
    'lse_1-',
    'lse_a.b',
    'lse_../x',
    'ten-a',
    'abc_1',
  ])('are not made of "%s"', (id) => {
    expect(() => names.nameOfId(id as LeaseId)).toThrow('no id')
  })

  it.each(['default', 'kube-system', 'hold-ten', 'hold-lse-1', 'other-ten-1', 'hold-ten-A'])(
    'of namespaces that are not ours say so: %s',
    (namespace) => {
      expect(names.tenantIdOfNamespace('hold', namespace)).toBeNull()
    },
  )

  it.each(['tsk-1', 'tsk-1-a0', 'tsk-1-a', 'lse-1-a1', 'tsk-1-a1x'])(
    'of jobs that are not ours say so: %s',
    (name) => {
      expect(names.runOfJob(name)).toBeNull()
    },
  )
})

describe('labels', () => {
  const pool = 'east' as PoolName
  const machineType = 'tiny' as MachineTypeName

  it('say whose an object is, in values that Kubernetes takes', () => {
    fc.assert(
      fc.property(leaseIds, taskIds, tenantIds, (leaseId, taskId, tenantId) => {
        const ofLease = names.leaseLabels({ leaseId, tenantId, machineType, pool })
        const ofTask = names.taskLabels({ taskId, tenantId, pool })
        expect(names.leaseIdOf({ metadata: { labels: ofLease } })).toBe(leaseId)
        expect(names.taskIdOf({ metadata: { labels: ofTask } })).toBe(taskId)
        expect(names.leaseIdOf({ metadata: { labels: ofTask } })).toBeNull()
        for (const value of Object.values({ ...ofLease, ...ofTask }))
          expect(value).toMatch(labelValue)
      }),
    )
  })

  it('of somebody else are not believed', () => {
    const labels = { 'leasehold.dev/lease': 'lse_1' }

    expect(names.leaseIdOf({ metadata: { labels } })).toBeNull()
    expect(names.leaseIdOf({ metadata: {} })).toBeNull()
  })

  it.each([
    ['7', 7],
    ['0', 0],
    ['-1', null],
    ['1e9', null],
    ['', null],
    [undefined, null],
  ])('count in annotations: %s is %s', (text, number) => {
    const annotations: Record<string, string> =
      text === undefined ? {} : { [names.annotationNames.generation]: text }

    expect(
      names.numberAnnotation({ metadata: { annotations } }, names.annotationNames.generation),
    ).toBe(number)
  })
})
