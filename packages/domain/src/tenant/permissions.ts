import type { MemberRole } from './tenant.ts'

/** What a caller may do inside a tenant. Routes name one; this table says who has it. */
export const permissions = {
  'leases:read': ['owner', 'member', 'viewer'],
  'leases:write': ['owner', 'member'],
  'tasks:read': ['owner', 'member', 'viewer'],
  'tasks:write': ['owner', 'member'],
  'files:read': ['owner', 'member', 'viewer'],
  'files:write': ['owner', 'member'],
  'ssh-keys:read': ['owner', 'member', 'viewer'],
  'ssh-keys:write': ['owner', 'member'],
  'api-keys:read': ['owner'],
  'api-keys:write': ['owner'],
  'members:read': ['owner', 'member', 'viewer', 'billing'],
  'members:write': ['owner'],
  'quota:read': ['owner', 'member', 'viewer', 'billing'],
  'usage:read': ['owner', 'billing'],
  'catalogue:read': ['owner', 'member', 'viewer', 'billing'],
} as const satisfies Record<string, readonly MemberRole[]>

export type Permission = keyof typeof permissions

export function mayDo(role: MemberRole, permission: Permission): boolean {
  return (permissions[permission] as readonly MemberRole[]).includes(role)
}

/** All that a role allows, or what is left of it when an API key narrows it. */
export function permissionsOf(
  role: MemberRole,
  narrowed: readonly Permission[] | null,
): readonly Permission[] {
  const all = Object.keys(permissions) as Permission[]
  return all.filter((one) => mayDo(role, one) && (narrowed === null || narrowed.includes(one)))
}
