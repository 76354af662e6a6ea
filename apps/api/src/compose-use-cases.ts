import {
  type AccessSecrets,
  type AccessStore,
  type ApiKeyStore,
  type AuditLog,
  type BucketAccess,
  type CatalogueStore,
  type Clock,
  cachedCatalogue,
  type EndedSessions,
  type Ids,
  type JobHints,
  type LeaseStore,
  type LogoutTokenVerifier,
  type MemberDirectory,
  makeAddMember,
  makeAddSshKey,
  makeAppendRunLog,
  makeBeginRun,
  makeCancelTask,
  makeChangeMemberRole,
  makeCreateApiKey,
  makeCreateServiceAccount,
  makeCreateTenant,
  makeDescribeFile,
  makeEndSession,
  makeExtendLease,
  makeFindQuotaDrift,
  makeFinishRun,
  makeFollowTaskLog,
  makeGetLease,
  makeGetMachineType,
  makeGetQuotas,
  makeGetTask,
  makeGetTenant,
  makeHeartbeatRun,
  makeIssueFileCredentials,
  makeListApiKeys,
  makeListFiles,
  makeListGpuTypes,
  makeListLeaseEvents,
  makeListLeases,
  makeListMachineTypes,
  makeListMembers,
  makeListPeople,
  makeListPools,
  makeListServiceAccounts,
  makeListSshKeys,
  makeListTaskEvents,
  makeListTaskOutputs,
  makeListTasks,
  makeListTenants,
  makeLookAtPool,
  makeNoteCaller,
  makeOpenJupyterLink,
  makeOpenRunInput,
  makePutFile,
  makePutGpuType,
  makePutMachineType,
  makeReadConsoleLog,
  makeReadRunScript,
  makeReadTaskLog,
  makeReleaseLease,
  makeRemoveFile,
  makeRemoveMachineType,
  makeRemoveMember,
  makeRemoveServiceAccount,
  makeRemoveSshKey,
  makeReportUsage,
  makeRequestLease,
  makeResizeLease,
  makeRestartLease,
  makeRevokeApiKey,
  makeSetQuotas,
  makeStartLease,
  makeStopLease,
  makeStoreRunOutput,
  makeSubmitTask,
  makeUpdateTenant,
  type ObjectStore,
  type Pause,
  type Pools,
  type QuotaLedger,
  type RentalRules,
  type RunCredentialStore,
  type SshKeyStore,
  type TaskLogStore,
  type TaskStore,
  type TenantStore,
  type UsageStore,
} from '@leasehold/application'
import type { AccessDirections } from './access-directions.ts'
import { makeShowLease } from './routes/leases/show-lease.ts'
import type { MemberUseCases } from './routes/members/index.ts'
import type { OperatorUseCases } from './routes/operator/index.ts'
import type { RunUseCases } from './run-app.ts'
import type { TenantUseCases } from './tenant-app.ts'

/** The ports that the use cases of the API stand on. */
export type UseCaseParts = {
  readonly clock: Clock
  readonly ids: Ids
  readonly pause: Pause
  readonly rules: RentalRules
  readonly leases: LeaseStore
  readonly tasks: TaskStore
  readonly taskLogs: TaskLogStore
  readonly runCredentials: RunCredentialStore
  readonly tenants: TenantStore
  readonly quotas: QuotaLedger
  readonly catalogue: CatalogueStore
  readonly sshKeys: SshKeyStore
  readonly apiKeys: ApiKeyStore
  readonly usage: UsageStore
  readonly access: AccessStore
  readonly secrets: Pick<AccessSecrets, 'hostKey' | 'gatewayHostKey'>
  readonly pools: Pools
  readonly objects: ObjectStore
  readonly bucketAccess: BucketAccess
  readonly hints: JobHints
  readonly directory: MemberDirectory | null
  readonly audit: Pick<AuditLog, 'record'>
  readonly logoutTokens: LogoutTokenVerifier
  readonly sessions: Pick<EndedSessions, 'end'>
}

const catalogueAgeMs = 5_000
const poolAgeMs = 2_000

/** All use cases of the three APIs, made from the ports. */
export function makeUseCases(parts: UseCaseParts, directions: AccessDirections) {
  const { clock } = parts
  const deps = {
    ...parts,
    catalogue: cachedCatalogue(parts.catalogue, clock, catalogueAgeMs),
    lookAtPool: makeLookAtPool(parts, poolAgeMs),
    jupyterOrigin: directions.jupyterOrigin,
    directions,
  }
  return { tenant: tenantUseCases(deps), operator: operatorUseCases(deps), run: runUseCases(deps) }
}

type Deps = UseCaseParts & {
  readonly lookAtPool: ReturnType<typeof makeLookAtPool>
  readonly jupyterOrigin: AccessDirections['jupyterOrigin']
  readonly directions: AccessDirections
}

function tenantUseCases(deps: Deps): TenantUseCases {
  return {
    directions: deps.directions,
    noteCaller: makeNoteCaller(deps),
    endSession: makeEndSession(deps),
    listMachineTypes: makeListMachineTypes(deps),
    getMachineType: makeGetMachineType(deps),
    listGpuTypes: makeListGpuTypes(deps),
    ...memberUseCases(deps),
    addSshKey: makeAddSshKey(deps),
    listSshKeys: makeListSshKeys(deps),
    removeSshKey: makeRemoveSshKey(deps),
    createServiceAccount: makeCreateServiceAccount(deps),
    listServiceAccounts: makeListServiceAccounts(deps),
    removeServiceAccount: makeRemoveServiceAccount(deps),
    createApiKey: makeCreateApiKey(deps),
    listApiKeys: makeListApiKeys(deps),
    revokeApiKey: makeRevokeApiKey(deps),
    requestLease: makeRequestLease(deps),
    listLeases: makeListLeases(deps),
    getLease: makeGetLease(deps),
    listLeaseEvents: makeListLeaseEvents(deps),
    stopLease: makeStopLease(deps),
    startLease: makeStartLease(deps),
    restartLease: makeRestartLease(deps),
    extendLease: makeExtendLease(deps),
    resizeLease: makeResizeLease(deps),
    releaseLease: makeReleaseLease(deps),
    openJupyterLink: makeOpenJupyterLink(deps),
    showLease: makeShowLease(deps),
    submitTask: makeSubmitTask(deps),
    listTasks: makeListTasks(deps),
    getTask: makeGetTask(deps),
    cancelTask: makeCancelTask(deps),
    readTaskLog: makeReadTaskLog(deps),
    followTaskLog: makeFollowTaskLog(deps),
    listTaskEvents: makeListTaskEvents(deps),
    listTaskOutputs: makeListTaskOutputs(deps),
    listFiles: makeListFiles(deps),
    putFile: makePutFile(deps),
    describeFile: makeDescribeFile(deps),
    removeFile: makeRemoveFile(deps),
    issueFileCredentials: makeIssueFileCredentials(deps),
    getQuotas: makeGetQuotas(deps),
    reportUsage: makeReportUsage(deps),
  }
}

function memberUseCases(deps: Deps): MemberUseCases {
  return {
    listPeople: makeListPeople(deps),
    addMember: makeAddMember(deps),
    changeMemberRole: makeChangeMemberRole(deps),
    removeMember: makeRemoveMember(deps),
  }
}

function operatorUseCases(deps: Deps): OperatorUseCases {
  return {
    ...memberUseCases(deps),
    createTenant: makeCreateTenant(deps),
    listTenants: makeListTenants(deps),
    getTenant: makeGetTenant(deps),
    updateTenant: makeUpdateTenant(deps),
    listMembers: makeListMembers(deps),
    getQuotas: makeGetQuotas(deps),
    setQuotas: makeSetQuotas(deps),
    listMachineTypes: makeListMachineTypes(deps),
    getMachineType: makeGetMachineType(deps),
    putMachineType: makePutMachineType(deps),
    removeMachineType: makeRemoveMachineType(deps),
    listGpuTypes: makeListGpuTypes(deps),
    putGpuType: makePutGpuType(deps),
    listPools: makeListPools(deps),
    findQuotaDrift: makeFindQuotaDrift(deps),
    readConsoleLog: makeReadConsoleLog(deps),
  }
}

function runUseCases(deps: Deps): RunUseCases {
  return {
    beginRun: makeBeginRun(deps),
    readRunScript: makeReadRunScript(deps),
    openRunInput: makeOpenRunInput(deps),
    appendRunLog: makeAppendRunLog(deps),
    heartbeatRun: makeHeartbeatRun(deps),
    storeRunOutput: makeStoreRunOutput(deps),
    finishRun: makeFinishRun(deps),
  }
}
