import type { DatabaseFacts, RoleFacts } from '@leasehold/db'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../finding.ts'
import { judge as judgeDatabase } from './database.ts'
import { judgeCluster, judgeHost } from './pools.ts'
import { judge as judgeQueue } from './queue.ts'

const roles: RoleFacts = {
  login: { name: 'leasehold', powers: ['LOGIN'] },
  acting: [
    { name: 'leasehold_platform', powers: [], granted: true },
    { name: 'leasehold_tenant', powers: [], granted: true },
  ],
  owners: ['leasehold'],
  openTables: [],
}
const closed = { name: 'leasehold_tenant', powers: [], granted: false } as const
const strong = { name: 'leasehold_platform', powers: ['BYPASSRLS'], granted: true } as const
const database: DatabaseFacts = {
  version: 150_004,
  isReadOnly: false,
  encoding: 'UTF8',
  maxConnections: 97,
  usedConnections: 20,
  clockAheadMs: 3,
  losesOnCrash: false,
  migrations: { missing: [], failed: [], edited: [], unknown: [] },
  missingRights: [],
  roles,
  pooling: 'session',
}
const redis = {
  version: '7.0.15',
  evictionPolicy: 'noeviction',
  maxMemoryBytes: null,
  usedMemoryBytes: 1,
}
const cluster = { kubeVirtPhases: ['Deployed'], readyNodes: 3, missingRights: [] }

const troubles = (findings: readonly Finding[]) =>
  findings
    .filter(({ verdict }) => verdict !== 'ok')
    .map(
      ({ check, verdict, advice }) => `${verdict} ${check}${advice === null ? ' (no advice)' : ''}`,
    )

describe('what facts mean', () => {
  it('is nothing to do where everything is in order', () => {
    const all = [
      ...judgeDatabase(database, 10),
      ...judgeQueue(redis),
      ...judgeCluster('east', cluster),
      ...judgeHost('local', { qemu: 'QEMU 8', hasKvm: true }),
    ]
    expect(troubles(all)).toEqual([])
  })

  it.each<[string, Partial<DatabaseFacts>, string]>([
    ['14', { version: 140_012 }, 'problem version'],
    ['a standby', { isReadOnly: true }, 'problem version'],
    ['an old encoding', { encoding: 'LATIN1' }, 'problem version'],
    ['a full server', { usedConnections: 90 }, 'problem connections'],
    ['a clock that is behind', { clockAheadMs: -60_000 }, 'problem clock'],
    ['fsync off', { losesOnCrash: true }, 'warning durability'],
    ['a pooler of transactions', { pooling: 'transaction' }, 'problem pooler'],
    ['a table out of reach', { missingRights: ['leases: INSERT'] }, 'problem rights'],
  ])('is said of a database with %s', (_name, facts, trouble) => {
    expect(troubles(judgeDatabase({ ...database, ...facts }, 10))).toEqual([trouble])
  })

  it.each<[string, Partial<RoleFacts>, string]>([
    ['a superuser', { login: { name: 'x', powers: ['SUPERUSER'] } }, 'warning login'],
    ['one that passes walls', { login: { name: 'x', powers: ['BYPASSRLS'] } }, 'warning login'],
    ['one that makes roles', { login: { name: 'x', powers: ['CREATEROLE'] } }, 'warning login'],
    ['strangers to the acting ones', { acting: [closed] }, 'problem acting-roles'],
    ['no acting ones', { acting: [{ ...closed, powers: null }] }, 'problem acting-roles'],
    ['acting ones that pass', { acting: [strong] }, 'problem acting-roles'],
    ['acting ones that own', { owners: ['leasehold_tenant'] }, 'problem owner'],
    ['two owners', { owners: ['a', 'b'] }, 'warning owner'],
    ['tables without a wall', { openTables: ['leases'] }, 'problem row-security'],
  ])('is said of roles: %s', (_name, facts, trouble) => {
    const found = judgeDatabase({ ...database, roles: { ...roles, ...facts } }, 10)
    expect(troubles(found)).toEqual([trouble])
  })

  it.each([
    ['old', { version: '6.2.1' }, 'warning version'],
    ['a cache', { evictionPolicy: 'allkeys-lru' }, 'problem eviction'],
    ['full', { maxMemoryBytes: 100, usedMemoryBytes: 95 }, 'problem memory'],
  ])('is said of a Redis that is %s', (_name, facts, trouble) => {
    expect(troubles(judgeQueue({ ...redis, ...facts }))).toEqual([trouble])
  })

  it.each([
    ['without nodes', { readyNodes: 0 }, 'problem nodes'],
    ['without KubeVirt', { kubeVirtPhases: null }, 'problem kubevirt'],
    ['that deploys KubeVirt', { kubeVirtPhases: ['Deploying'] }, 'problem kubevirt'],
    ['that refuses', { missingRights: ['patch namespaces'] }, 'problem rights'],
  ])('is said of a cluster %s', (_name, facts, trouble) => {
    expect(troubles(judgeCluster('east', { ...cluster, ...facts }))).toEqual([trouble])
  })

  it('is said of a host that cannot run machines, or only slowly', () => {
    expect(troubles(judgeHost('local', { qemu: null, hasKvm: false }))).toEqual(['problem qemu'])
    expect(troubles(judgeHost('local', { qemu: 'QEMU 8', hasKvm: false }))).toEqual([
      'warning acceleration',
    ])
  })
})
