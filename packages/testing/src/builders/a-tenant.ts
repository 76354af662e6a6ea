import type { Caller, SshKey } from '@leasehold/application'
import type {
  Amounts,
  Member,
  MemberId,
  MemberRole,
  SshKeyId,
  Tenant,
  TenantId,
} from '@leasehold/domain'
import { testNow } from '../manual-clock.ts'

export function aTenant(facts: Partial<Tenant> = {}): Tenant {
  return {
    id: 'ten_acme' as TenantId,
    slug: 'acme',
    name: 'Acme',
    tier: 'dev',
    suspended: false,
    networks: { allow: [], deny: [] },
    createdAt: testNow,
    version: 1,
    ...facts,
  }
}

export function aMember(facts: Partial<Member> = {}): Member {
  return {
    tenantId: 'ten_acme' as TenantId,
    id: 'olivia' as MemberId,
    email: 'olivia@acme.test',
    name: 'Olivia',
    role: 'owner',
    firstSeenAt: testNow,
    lastSeenAt: testNow,
    ...facts,
  }
}

/** Enough for a few small machines. */
export function someLimits(facts: Amounts = {}): Amounts {
  return {
    vcpu: 16,
    'memory-mib': 32_768,
    'disk-gib': 256,
    leases: 8,
    'queued-tasks': 50,
    ...facts,
  }
}

/** An ed25519 public key; `number` 0 … 255 makes another one. */
export function aPublicKey(number = 1): string {
  const blob = Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from('ssh-ed25519'),
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, number),
  ])
  return `ssh-ed25519 ${blob.toString('base64')}`
}

export function anSshKey(facts: Partial<SshKey> = {}): SshKey {
  return {
    id: 'key_1' as SshKeyId,
    tenantId: 'ten_acme' as TenantId,
    memberId: 'olivia' as MemberId,
    name: 'laptop',
    publicKey: aPublicKey(),
    fingerprint: 'SHA256:1',
    createdAt: testNow,
    ...facts,
  }
}

/** A person in one organization, as their token says. */
export function aCaller(
  subject = 'olivia',
  alias = 'acme',
  role: MemberRole = 'owner',
  facts: Partial<Caller> = {},
): Caller {
  return {
    subject,
    email: `${subject}@${alias}.test`,
    name: subject,
    expiresAt: testNow + 3_600_000,
    operatorRoles: [],
    organizations: [{ alias, tenantId: `ten_${alias}`, role }],
    ...facts,
  }
}
