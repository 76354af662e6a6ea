declare const brand: unique symbol

/** A string that cannot stand in for another kind of id. */
type Id<Name extends string> = string & { readonly [brand]: Name }

export type TenantId = Id<'TenantId'>
export type MemberId = Id<'MemberId'>
export type LeaseId = Id<'LeaseId'>
export type TaskId = Id<'TaskId'>
export type SshKeyId = Id<'SshKeyId'>
export type ServiceAccountId = Id<'ServiceAccountId'>
export type ApiKeyId = Id<'ApiKeyId'>
export type PoolName = Id<'PoolName'>
export type MachineTypeName = Id<'MachineTypeName'>
export type GpuTypeName = Id<'GpuTypeName'>
export type ImageName = Id<'ImageName'>
