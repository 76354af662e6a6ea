import type { DirectoryTenant, MemberDirectory } from '@leasehold/application'
import type { MemberId, TenantId } from '@leasehold/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

export type MemberDirectoryHarness = {
  readonly directory: MemberDirectory
  readonly close: () => Promise<void>
}

/** What every directory of people promises. Run it against the fake and against each real one. */
export function memberDirectoryContract(name: string, open: () => Promise<MemberDirectoryHarness>) {
  describe(`member directory: ${name}`, () => {
    let harness: MemberDirectoryHarness
    let count = 0
    beforeAll(async () => {
      harness = await open()
    })
    afterAll(() => harness?.close())

    const newTenant = (): DirectoryTenant => {
      const slug = `contract-${++count}`
      return { id: `ten_contract${count}` as TenantId, slug, name: `Contract ${count}` }
    }
    const person = (who: string, role: 'owner' | 'member' | 'viewer' | 'billing' = 'member') => ({
      email: `${who}@contract.example`,
      name: 'Some Body',
      role,
    })
    const firstPage = { limit: 50, cursor: null }

    it('makes an organization once, however often and at once it is asked', async () => {
      const tenant = newTenant()

      await Promise.all([1, 2, 3].map(() => harness.directory.ensureOrganization(tenant)))
      await harness.directory.ensureOrganization({ ...tenant, name: 'Renamed' })

      expect((await harness.directory.list(tenant, firstPage)).items).toEqual([])
    })

    it('makes organizations for two tenants of the same name', async () => {
      const [one, other] = [newTenant(), newTenant()]

      await harness.directory.ensureOrganization({ ...one, name: 'Twins' })
      await harness.directory.ensureOrganization({ ...other, name: 'Twins' })
      await harness.directory.add(other, person('twin'))

      expect((await harness.directory.list(one, firstPage)).items).toEqual([])
      expect((await harness.directory.list(other, firstPage)).items).toHaveLength(1)
    })

    it('adds a person with a role, and the same person only once', async () => {
      const tenant = newTenant()

      const { member } = await harness.directory.add(tenant, person('anna'))
      const again = await harness.directory.add(tenant, person('anna', 'owner'))

      expect(member).toMatchObject({ email: 'anna@contract.example', role: 'member' })
      expect(again.member).toEqual({ ...member, role: 'owner' })
      expect((await harness.directory.list(tenant, firstPage)).items).toEqual([again.member])
      expect(await harness.directory.find(tenant, member.id)).toEqual(again.member)
    })

    it('changes a role, and takes the old one away', async () => {
      const tenant = newTenant()
      const { member } = await harness.directory.add(tenant, person('otto', 'owner'))
      expect(await harness.directory.countOwners(tenant)).toBe(1)

      const changed = await harness.directory.changeRole(tenant, member.id, 'billing')

      expect(changed).toEqual({ ...member, role: 'billing' })
      expect(await harness.directory.find(tenant, member.id)).toEqual(changed)
      expect(await harness.directory.countOwners(tenant)).toBe(0)
    })

    it('removes a person from one tenant, and leaves them in another', async () => {
      const [left, kept] = [newTenant(), newTenant()]
      const { member } = await harness.directory.add(left, person('berta'))
      await harness.directory.add(kept, person('berta', 'viewer'))

      expect(await harness.directory.remove(left, member.id)).toBe(true)
      expect(await harness.directory.remove(left, member.id)).toBe(false)

      expect(await harness.directory.find(left, member.id)).toBeNull()
      expect(await harness.directory.find(kept, member.id)).toMatchObject({ role: 'viewer' })
    })

    it.each(['nobody', '00000000-0000-4000-8000-000000000000', '../users', 'a b?c#d', ''])(
      'knows nobody by the id %j',
      async (id) => {
        const tenant = newTenant()
        await harness.directory.ensureOrganization(tenant)

        expect(await harness.directory.find(tenant, id as MemberId)).toBeNull()
        expect(await harness.directory.changeRole(tenant, id as MemberId, 'owner')).toBeNull()
        expect(await harness.directory.remove(tenant, id as MemberId)).toBe(false)
      },
    )

    it('lets nobody reach the people of another tenant', async () => {
      const [mine, theirs] = [newTenant(), newTenant()]
      const { member } = await harness.directory.add(theirs, person('carla'))
      await harness.directory.ensureOrganization(mine)

      expect(await harness.directory.find(mine, member.id)).toBeNull()
      expect(await harness.directory.changeRole(mine, member.id, 'owner')).toBeNull()
      expect(await harness.directory.remove(mine, member.id)).toBe(false)
      expect(await harness.directory.find(theirs, member.id)).toEqual(member)
    })

    it('shows everybody on exactly one page, and refuses a cursor it never gave', async () => {
      const tenant = newTenant()
      for (const who of ['dora', 'emil', 'frida']) await harness.directory.add(tenant, person(who))

      const first = await harness.directory.list(tenant, { limit: 2, cursor: null })
      const second = await harness.directory.list(tenant, { limit: 2, cursor: first.next })

      const seen = [...first.items, ...second.items].map(({ email }) => email?.split('@')[0])
      expect(seen.sort()).toEqual(['dora', 'emil', 'frida'])
      expect(first.items).toHaveLength(2)
      expect(second.next).toBeNull()
      await expect(
        harness.directory.list(tenant, { limit: 2, cursor: 'made-up' }),
      ).rejects.toMatchObject({ code: 'cursor/invalid' })
    })
  })
}
