import { describe, expect, it } from 'vitest'
import type { GpuTypeName } from '../shared/ids.ts'
import { defaultLimits } from './default-limits.ts'
import { mayDo, type Permission, permissions } from './permissions.ts'
import { memberRoles, tiers } from './tenant.ts'

describe('the limits of a new tenant', () => {
  it.each(tiers)('of the tier %s name every resource, GPUs of the catalogue too', (tier) => {
    const limits = defaultLimits(tier, ['h100' as GpuTypeName])

    for (const resource of [
      'vcpu',
      'memory-mib',
      'disk-gib',
      'leases',
      'queued-tasks',
      'gpu/h100',
    ] as const)
      expect(limits[resource]).toBeGreaterThan(0)
  })
})

describe('a role', () => {
  const writing = (Object.keys(permissions) as Permission[]).filter((name) =>
    name.endsWith(':write'),
  )

  it.each(['viewer', 'billing'] as const)('%s changes nothing', (role) => {
    for (const permission of writing) expect(mayDo(role, permission)).toBe(false)
  })

  it('owner may do everything that anyone may', () => {
    for (const permission of Object.keys(permissions) as Permission[])
      expect(mayDo('owner', permission)).toBe(true)
  })

  it('billing sees money and limits, and no machines', () => {
    expect(memberRoles).toContain('billing')
    expect(mayDo('billing', 'usage:read')).toBe(true)
    expect(mayDo('billing', 'leases:read')).toBe(false)
  })
})
