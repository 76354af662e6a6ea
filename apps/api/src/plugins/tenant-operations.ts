import type { Permission } from '@leasehold/domain'
import type { RouteClass } from '../api-settings.ts'

export type TenantOperation = {
  /** What the caller's role must hold; null: any member. */
  readonly permission: Permission | null
  readonly routeClass: RouteClass
  /** Still answered while the tenant is suspended: looking, and giving back. */
  readonly whenSuspended: 'answered' | 'refused'
}

const reads = (permission: Permission | null): TenantOperation => ({
  permission,
  routeClass: 'read',
  whenSuspended: 'answered',
})
const writes = (permission: Permission): TenantOperation => ({
  permission,
  routeClass: 'write',
  whenSuspended: 'refused',
})
const givesBack = (permission: Permission): TenantOperation => ({
  permission,
  routeClass: 'write',
  whenSuspended: 'answered',
})

/** Who may call what, by `operationId`. A route that is not listed here does not start. */
export const tenantOperations = {
  getMe: reads(null),
  listMachineTypes: reads('catalogue:read'),
  getMachineType: reads('catalogue:read'),
  listGpuTypes: reads('catalogue:read'),
  listPeople: reads('members:read'),
  addMember: writes('members:write'),
  changeMember: writes('members:write'),
  removeMember: givesBack('members:write'),
  listSshKeys: reads('ssh-keys:read'),
  addSshKey: writes('ssh-keys:write'),
  removeSshKey: givesBack('ssh-keys:write'),
  listServiceAccounts: reads('api-keys:read'),
  createServiceAccount: writes('api-keys:write'),
  removeServiceAccount: givesBack('api-keys:write'),
  listApiKeys: reads('api-keys:read'),
  createApiKey: writes('api-keys:write'),
  revokeApiKey: givesBack('api-keys:write'),
  requestLease: writes('leases:write'),
  listLeases: reads('leases:read'),
  getLease: reads('leases:read'),
  listLeaseEvents: reads('leases:read'),
  releaseLease: givesBack('leases:write'),
  stopLease: givesBack('leases:write'),
  startLease: writes('leases:write'),
  restartLease: writes('leases:write'),
  extendLease: writes('leases:write'),
  resizeLease: writes('leases:write'),
  openJupyterLink: writes('leases:write'),
  submitTask: writes('tasks:write'),
  listTasks: reads('tasks:read'),
  getTask: reads('tasks:read'),
  cancelTask: givesBack('tasks:write'),
  readTaskLog: reads('tasks:read'),
  streamTaskLog: { permission: 'tasks:read', routeClass: 'stream', whenSuspended: 'answered' },
  listTaskEvents: reads('tasks:read'),
  listTaskOutputs: reads('tasks:read'),
  listFiles: reads('files:read'),
  getFile: reads('files:read'),
  putFile: { permission: 'files:write', routeClass: 'upload', whenSuspended: 'refused' },
  removeFile: givesBack('files:write'),
  // Keys that write need `files:write` beside it; the route looks.
  issueFileCredentials: writes('files:read'),
  getQuota: reads('quota:read'),
  reportUsage: reads('usage:read'),
} as const satisfies Record<string, TenantOperation>

/** The row of a route; throws while the server is built when a route has none. */
export function tenantOperationOf(operationId: string | undefined, url: string): TenantOperation {
  const row = (tenantOperations as Record<string, TenantOperation>)[operationId ?? '']
  if (row === undefined)
    throw new Error(
      `${url}: operation ${operationId ?? '(none)'} has no row in tenant-operations.ts.`,
    )
  return row
}
