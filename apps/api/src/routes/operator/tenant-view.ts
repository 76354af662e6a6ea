import type { Member as MemberBody, Tenant as TenantBody } from '@leasehold/contract'
import type { Member, Tenant } from '@leasehold/domain'
import { timestamp } from '../answers.ts'

/** Tenant -> wire, for operators. */
export function tenantView(tenant: Tenant): TenantBody {
  return {
    id: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    tier: tenant.tier,
    suspended: tenant.suspended,
    networks: { allow: [...tenant.networks.allow], deny: [...tenant.networks.deny] },
    createdAt: timestamp(tenant.createdAt),
    version: tenant.version,
  }
}

/** Member -> wire, for operators. */
export function memberView(member: Member): MemberBody {
  return {
    id: member.id,
    email: member.email,
    name: member.name,
    role: member.role,
    firstSeenAt: timestamp(member.firstSeenAt),
    lastSeenAt: timestamp(member.lastSeenAt),
  }
}
