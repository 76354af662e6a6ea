import type { AddedMember, DirectoryMember } from '@leasehold/application'
import type { AddedPerson, Person } from '@leasehold/contract'

/** Person of a tenant -> wire. */
export function personView({ id, email, name, role, enabled }: DirectoryMember): Person {
  return { id, email, name, role, enabled }
}

export function addedPersonView({ member, notice }: AddedMember): AddedPerson {
  return { ...personView(member), notice }
}
