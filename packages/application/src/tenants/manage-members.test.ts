import type { MemberId, TenantId } from '@leasehold/domain'
import { aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeAddMember, makeChangeMemberRole, makeListPeople } from './manage-members.ts'

const tenantId = 'ten_acme' as TenantId
const actor = { kind: 'member', id: 'olivia' } as const

describe('managing people', () => {
  it('is refused where Leasehold may not change the identity provider', async () => {
    const platform = { ...(await aPlatform()), directory: null }
    const page = { limit: 1, cursor: null }

    await expect(makeListPeople(platform)(tenantId, page)).rejects.toMatchObject({
      code: 'member/managed-elsewhere',
    })
  })

  it('leaves nothing on record when the identity provider does not answer', async () => {
    const platform = await aPlatform()
    platform.directory.faults.always('add', { kind: 'fail-before' })
    const before = platform.memory.audit.length

    const adding = makeAddMember(platform)({
      ...{ tenantId, actor, email: 'nora@acme.example', name: null, role: 'viewer' },
    })

    await expect(adding).rejects.toThrow()
    expect(platform.memory.audit).toHaveLength(before)
  })

  it('changes nothing for a role that somebody has already', async () => {
    const platform = await aPlatform()
    const before = platform.memory.audit.length

    const same = await makeChangeMemberRole(platform)({
      ...{ tenantId, actor, memberId: 'olivia' as MemberId, role: 'owner' },
    })

    expect(same.role).toBe('owner')
    expect(platform.memory.audit).toHaveLength(before)
  })
})
