import type {
  ImageName,
  MachineTypeName,
  PoolName,
  SshKeyId,
  TenantId,
  Tier,
} from '@leasehold/domain'
import {
  type APlatform,
  aLeaseRequest,
  aMachineType,
  anSshKey,
  aPlatform,
  aPublicKey,
  aShape,
  fakePools,
  testNow,
} from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeRequestLease } from './request-lease.ts'

const operator = { kind: 'operator', id: 'oscar' } as const
const name = (text: string) => text as MachineTypeName & PoolName & ImageName

describe('requesting a lease', () => {
  it('reserves quota, puts it in the queue of a pool and asks for a plan', async () => {
    const platform = await aPlatform()

    const lease = await makeRequestLease(platform)(aLeaseRequest({ labels: { team: 'a' } }))

    expect(lease).toMatchObject({
      state: 'queued',
      pool: 'local',
      image: 'debian-12',
      labels: { team: 'a' },
      authorizedKeys: [aPublicKey()],
      pricePerHourMicros: 36_000,
      queueDeadlineAt: testNow + platform.rules.lease.queueMs,
    })
    expect(platform.hints.waiting()).toEqual([{ job: 'admit-queued', id: 'local' }])
    const quotas = await platform.quotas.list(lease.tenantId)
    expect(quotas.find(({ resource }) => resource === 'leases')).toMatchObject({ used: 1 })
  })

  it('makes one lease of a hundred requests with the same key at once', async () => {
    const platform = await aPlatform()
    const requestLease = makeRequestLease(platform)
    const command = aLeaseRequest({ idempotencyKey: 'same' })

    const leases = await Promise.all(Array.from({ length: 100 }, () => requestLease(command)))

    expect(new Set(leases.map(({ id }) => id)).size).toBe(1)
    expect(platform.memory.leases.size).toBe(1)
  })

  it('makes two of the same key for two tenants', async () => {
    const platform = await aPlatform()
    const requestLease = makeRequestLease(platform)

    const [mine, theirs] = await Promise.all([
      requestLease(aLeaseRequest({ idempotencyKey: 'same' })),
      requestLease(aLeaseRequest({ idempotencyKey: 'same', tenantId: 'ten_globex' as TenantId })),
    ])

    expect(mine.id).not.toBe(theirs.id)
  })

  it('is refused over the quota, with limit, used, asked and free', async () => {
    const platform = await aPlatform()
    const requestLease = makeRequestLease(platform)
    await platform.quotas.setLimit('ten_acme' as TenantId, 'vcpu', 1, operator)
    await requestLease(aLeaseRequest())

    await expect(requestLease(aLeaseRequest())).rejects.toMatchObject({
      code: 'quota/exceeded',
      facts: { resource: 'vcpu', limit: 1, used: 1, asked: 1, free: 0 },
    })
    expect(platform.memory.leases.size).toBe(1)
  })

  it('is refused when no pool could ever hold it, with numbers', async () => {
    const platform = await aPlatform()
    const huge = aMachineType({ name: name('huge'), shape: aShape({ memoryMiB: 99_999 }) })
    await platform.catalogue.putMachineType(huge, operator)

    const request = makeRequestLease(platform)(aLeaseRequest({ machineType: huge.name }))

    await expect(request).rejects.toMatchObject({
      code: 'pool/too-small',
      facts: { resource: 'memory-mib', asked: 99_999, limit: 16_384 },
    })
  })

  it('is refused by a pool that gives no such machine to its tier, in words of the pool', async () => {
    const platform = await poolRefusing('dev')
    const asTier = (tier: Tier) => changeTier(platform, tier)
    const requestLease = makeRequestLease(platform)

    asTier('dev')
    await expect(requestLease(aLeaseRequest())).rejects.toMatchObject({
      code: 'tenant/tier-forbids',
      message: 'Not for dev.',
      field: '/machineType',
    })
    asTier('test')
    expect((await requestLease(aLeaseRequest())).state).toBe('queued')
  })

  it('asks who the tenant is only for a machine that some tier may not have', async () => {
    const platform = await aPlatform()
    platform.tenants.faults.always('find', { kind: 'fail-before' })

    expect((await makeRequestLease(platform)(aLeaseRequest())).state).toBe('queued')
  })

  it('waits in the queue of a pool that cannot be asked now', async () => {
    const platform = await aPlatform()
    platform.machines.faults.always('capacity', { kind: 'fail-before' })

    const lease = await makeRequestLease(platform)(aLeaseRequest())

    expect(lease.state).toBe('queued')
  })

  it.each([
    {
      what: 'an unknown machine type',
      facts: { machineType: name('none') },
      code: 'machine-type/not-found',
    },
    {
      what: 'an image of another machine',
      facts: { image: name('windows') },
      code: 'image/not-found',
    },
    { what: 'an unknown pool', facts: { pool: name('moon') }, code: 'pool/not-found' },
    { what: 'no key', facts: { sshPublicKeys: [] }, code: 'request/invalid' },
    { what: 'a broken key', facts: { sshPublicKeys: ['ssh-rsa x'] }, code: 'ssh-key/invalid' },
    {
      what: 'a key that is not on file',
      facts: { sshKeyIds: ['key_9' as SshKeyId] },
      code: 'ssh-key/not-found',
    },
    { what: 'too short a life', facts: { timeToLiveMs: 1 }, code: 'request/invalid' },
    { what: 'too long a life', facts: { timeToLiveMs: 1e12 }, code: 'request/invalid' },
  ])('is refused for $what', async ({ facts, code }) => {
    const platform = await aPlatform()

    const request = makeRequestLease(platform)(aLeaseRequest(facts))

    await expect(request).rejects.toMatchObject({ code })
    expect(platform.memory.leases.size).toBe(0)
  })

  it('does not find the key of another tenant', async () => {
    const platform = await aPlatform()
    const theirs = anSshKey({ tenantId: 'ten_globex' as TenantId })
    await platform.sshKeys.add(theirs)

    const request = makeRequestLease(platform)(aLeaseRequest({ sshKeyIds: [theirs.id] }))

    await expect(request).rejects.toMatchObject({
      code: 'ssh-key/not-found',
      field: '/sshKeyIds/0',
    })
  })

  it('puts a key once on the machine, however often it is named', async () => {
    const platform = await aPlatform()
    await platform.sshKeys.add(anSshKey())

    const lease = await makeRequestLease(platform)(
      aLeaseRequest({ sshPublicKeys: [`${aPublicKey()} me`], sshKeyIds: [anSshKey().id] }),
    )

    expect(lease.authorizedKeys).toEqual([aPublicKey()])
  })

  it('is refused for a tenant that is suspended', async () => {
    const platform = await aPlatform()
    const tenant = platform.memory.tenants.get('ten_acme')
    if (tenant !== undefined)
      platform.memory.tenants.set('ten_acme', { ...tenant, suspended: true })

    await expect(makeRequestLease(platform)(aLeaseRequest())).rejects.toMatchObject({
      code: 'tenant/suspended',
    })
  })
})

/** The usual platform, whose pool gives nothing to one tier. */
async function poolRefusing(refused: Tier) {
  const platform = await aPlatform()
  const tierRefusal = (tier: Tier) => (tier === refused ? `Not for ${tier}.` : null)
  const pools = fakePools(platform.pools.all().map((pool) => ({ ...pool, tierRefusal })))
  return { ...platform, pools }
}

function changeTier({ memory }: Pick<APlatform, 'memory'>, tier: Tier): void {
  const tenant = memory.tenants.get('ten_acme')
  if (tenant === undefined) throw new Error('The platform has no tenant acme.')
  memory.tenants.set('ten_acme', { ...tenant, tier })
}
