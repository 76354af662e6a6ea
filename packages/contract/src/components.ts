import {
  ApiKey,
  ApiKeyPage,
  CreateApiKeyBody,
  CreateServiceAccountBody,
  NewApiKey,
  ServiceAccount,
  ServiceAccountPage,
} from './api-key.ts'
import { LeaseEvent, LeaseEventList, TaskEvent, TaskEventList } from './events.ts'
import { FileCredentials, FileCredentialsBody } from './file-credentials.ts'
import { FileDownload, FileObject, FilePage } from './file-object.ts'
import { Liveness, Readiness } from './health.ts'
import {
  ExtendLeaseBody,
  Lease,
  LeaseCondition,
  LeaseObstacle,
  LeasePage,
  PendingResize,
  RequestLeaseBody,
  ResizeLeaseBody,
  UsageSoFar,
} from './lease.ts'
import { JupyterAccess, JupyterLink, LeaseAccess, SshAccess } from './lease-access.ts'
import { LogChunk, LogEnd } from './log-stream.ts'
import {
  GpuCount,
  GpuType,
  GpuTypeEntry,
  GpuTypeList,
  MachineType,
  MachineTypeList,
  PutGpuTypeBody,
  PutMachineTypeBody,
  Resources,
} from './machine-type.ts'
import { Me } from './me.ts'
import { AddedPerson, AddMemberBody, ChangeMemberBody, Person, PersonPage } from './member.ts'
import { Pool, PoolList } from './pool.ts'
import { Problem } from './problem.ts'
import { Quota, QuotaDrift, QuotaDriftList, QuotaLimit, QuotaList, SetQuotasBody } from './quota.ts'
import type { Component } from './schema-parts.ts'
import { AddSshKeyBody, SshKey, SshKeyPage } from './ssh-key.ts'
import { SubmitTaskBody, Task, TaskExit, TaskInput, TaskPage, TaskProgress } from './task.ts'
import {
  ChangeTenantBody,
  CreateTenantBody,
  Member,
  MemberPage,
  NetworkRules,
  Tenant,
  TenantPage,
} from './tenant.ts'
import { Usage } from './usage.ts'

/** Components that both APIs speak of. */
const shared: readonly Component[] = [
  ...[Problem, Liveness, Readiness, GpuCount, GpuType, GpuTypeList],
  ...[Person, PersonPage, AddedPerson, AddMemberBody, ChangeMemberBody],
]

/** Every component of the tenant API; references between schemas resolve within this list. */
export const tenantComponents: readonly Component[] = [
  ...shared,
  MachineType,
  MachineTypeList,
  Resources,
  Me,
  SshKey,
  SshKeyPage,
  AddSshKeyBody,
  ServiceAccount,
  ServiceAccountPage,
  CreateServiceAccountBody,
  ApiKey,
  ApiKeyPage,
  NewApiKey,
  CreateApiKeyBody,
  LeaseObstacle,
  LeaseCondition,
  SshAccess,
  JupyterAccess,
  LeaseAccess,
  UsageSoFar,
  PendingResize,
  Lease,
  LeasePage,
  LeaseEvent,
  LeaseEventList,
  RequestLeaseBody,
  ResizeLeaseBody,
  ExtendLeaseBody,
  JupyterLink,
  TaskInput,
  TaskProgress,
  TaskExit,
  Task,
  TaskPage,
  TaskEvent,
  TaskEventList,
  SubmitTaskBody,
  LogChunk,
  LogEnd,
  FileObject,
  FilePage,
  FileDownload,
  FileCredentialsBody,
  FileCredentials,
  Quota,
  QuotaList,
  Usage,
]

/** Every component of the operator API. */
export const operatorComponents: readonly Component[] = [
  ...shared,
  MachineType,
  MachineTypeList,
  PutMachineTypeBody,
  GpuTypeEntry,
  PutGpuTypeBody,
  NetworkRules,
  Tenant,
  TenantPage,
  CreateTenantBody,
  ChangeTenantBody,
  Member,
  MemberPage,
  Quota,
  QuotaList,
  QuotaLimit,
  SetQuotasBody,
  QuotaDrift,
  QuotaDriftList,
  Pool,
  PoolList,
]
