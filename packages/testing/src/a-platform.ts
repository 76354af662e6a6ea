import {
  defaultRentalRules,
  makeAdmitQueued,
  makeEndedSessions,
  makeEnsureTenant,
  makeLookAtPool,
  makeReconcileLease,
  makeReconcileTask,
  type Pool,
  type Pools,
  type RentalRules,
} from '@leasehold/application'
import type { ImageName, LeaseId, MemberId, PoolName, TaskId, TenantId } from '@leasehold/domain'
import { aGpuType, aMachineType, aShape } from './builders/a-shape.ts'
import { aCaller, aTenant, someLimits } from './builders/a-tenant.ts'
import { fakeBucketAccess } from './fakes/fake-bucket-access.ts'
import { type FakeDatabase, fakeDatabase } from './fakes/fake-database.ts'
import {
  type FakeHints,
  fakeAccessSecrets,
  fakeHints,
  fakeLog,
  fakeLogoutTokenVerifier,
  fakePause,
  fakeTokenVerifier,
  type TakenHint,
} from './fakes/fake-edges.ts'
import { fakeMachineDriver } from './fakes/fake-machine-driver.ts'
import { fakeMemberDirectory } from './fakes/fake-member-directory.ts'
import { fakeObjectStore } from './fakes/fake-object-store.ts'
import { fakeTaskDriver } from './fakes/fake-task-driver.ts'
import { fakeTenancyDriver } from './fakes/fake-tenancy-driver.ts'
import { withFaults } from './faults/with-faults.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { seededIds } from './seeded-ids.ts'

/** Who issues the tokens of a platform in memory. */
export const testIssuer = 'https://id.example/realms/leasehold'

export type APlatformOptions = {
  readonly clock?: ManualClock
  readonly rules?: RentalRules
  /** How long machines boot; 0 means that they answer at once. */
  readonly bootMs?: number
}

/**
 * Everything that the apps need, in memory: one pool `local` with `tiny` and `small`, the tenants acme
 * and globex with their people, an operator, and a clock that stands still. Every part has `faults`.
 * `settle()` does the work of a worker until nothing is left to do now.
 */
export async function aPlatform(options: APlatformOptions = {}) {
  const clock = options.clock ?? manualClock()
  const rules = options.rules ?? defaultRentalRules
  const machines = withFaults(fakeMachineDriver({ clock, bootMs: options.bootMs ?? 0 }))
  const runs = withFaults(fakeTaskDriver())
  const tenancy = withFaults(fakeTenancyDriver())
  const pools = fakePools([
    {
      name: 'local' as PoolName,
      region: 'home',
      driver: 'local',
      images: ['debian-12' as ImageName],
      taskIsolations: ['vm'],
      machines,
      tasks: runs,
      tenancy,
    },
  ])
  const database = fakeDatabase(clock)
  const tokens = withFaults(fakeTokenVerifier())
  const queue = fakeQueue()
  const log = fakeLog()
  const stores = faultyStores(database)
  const parts = {
    ...stores,
    clock,
    rules,
    pools,
    tokens,
    logoutTokens: fakeLogoutTokenVerifier(),
    sessions: makeEndedSessions({ ...stores, clock, issuer: testIssuer }),
    log,
    objects: withFaults(fakeObjectStore(clock)),
    bucketAccess: withFaults(fakeBucketAccess(clock)),
    directory: withFaults(fakeMemberDirectory()),
    hints: withFaults(fakeHints()),
    ids: seededIds(),
    secrets: fakeAccessSecrets(),
    pause: fakePause((ms) => clock.advance(ms)),
  }
  const platform = {
    ...parts,
    lookAtPool: makeLookAtPool(parts, 0),
    queue,
    startWorkers: queue.startWorkers,
    checks: { database: async () => {}, queue: async () => {}, objectStore: async () => {} },
    /** For tests that look behind the ports. */
    memory: database.memory,
    machines,
    runs,
    tenancy,
    close: async () => {},
  }
  await seed(platform)
  return {
    ...platform,
    settle: makeSettle(platform),
    tokenOf: issueTokens(tokens),
  }
}

export type APlatform = Awaited<ReturnType<typeof aPlatform>>

export function fakePools(all: readonly Pool[]): Pools {
  return { all: () => all, find: (name) => all.find((pool) => pool.name === name) ?? null }
}

/** A queue that runs nothing by itself: hints wait until `settle`. */
function fakeQueue() {
  return {
    async startWorkers(_handlers: object, _options: object) {
      return { close: async () => {} }
    },
  }
}

function faultyStores({ memory: _memory, ...stores }: FakeDatabase) {
  return {
    leases: withFaults(stores.leases),
    tasks: withFaults(stores.tasks),
    taskLogs: withFaults(stores.taskLogs),
    runCredentials: withFaults(stores.runCredentials),
    tenants: withFaults(stores.tenants),
    quotas: withFaults(stores.quotas),
    catalogue: withFaults(stores.catalogue),
    sshKeys: withFaults(stores.sshKeys),
    apiKeys: withFaults(stores.apiKeys),
    usage: withFaults(stores.usage),
    idempotency: withFaults(stores.idempotency),
    audit: withFaults(stores.audit),
    access: withFaults(stores.access),
    endedSessions: withFaults(stores.endedSessions),
  }
}

type SeedParts = Pick<FakeDatabase, 'tenants' | 'catalogue'> & {
  readonly directory: ReturnType<typeof fakeMemberDirectory>
  readonly objects: ReturnType<typeof fakeObjectStore>
}

async function seed({ tenants, catalogue, objects, directory }: SeedParts): Promise<void> {
  const actor = { kind: 'platform', id: 'seed' } as const
  const acme = aTenant()
  const globex = aTenant({ id: 'ten_globex' as TenantId, slug: 'globex', name: 'Globex' })
  for (const tenant of [acme, globex]) {
    await tenants.create(tenant, someLimits(), actor)
    await objects.ensureBucket(`leasehold-${tenant.id.replaceAll('_', '-')}`, neverAborted)
  }
  for (const { subject, email, name, organizations } of Object.values(people))
    for (const { tenantId, role } of organizations)
      directory.join(
        { id: tenantId as TenantId },
        { id: subject as MemberId, email, name, role, enabled: true },
      )
  const small = { cpu: { sockets: 1, cores: 2, threads: 1, model: 'host-model' } }
  await catalogue.putGpuType(aGpuType(), actor)
  await catalogue.putMachineType(aMachineType(), actor)
  await catalogue.putMachineType(
    aMachineType({
      name: 'small' as ReturnType<typeof aMachineType>['name'],
      description: 'Two CPUs.',
      shape: aShape({
        ...small,
        memoryMiB: 2_048,
        disks: [{ role: 'system', sizeGiB: 10 }],
      }),
      pricePerHourMicros: 72_000,
    }),
    actor,
  )
}

const neverAborted = new AbortController().signal

const people = {
  olivia: aCaller('olivia', 'acme', 'owner'),
  mia: aCaller('mia', 'acme', 'member'),
  victor: aCaller('victor', 'acme', 'viewer'),
  bill: aCaller('bill', 'acme', 'billing'),
  gina: aCaller('gina', 'globex', 'owner'),
  greg: aCaller('greg', 'globex', 'member'),
  oscar: aCaller('oscar', 'none', 'viewer', { operatorRoles: ['operator'], organizations: [] }),
}

/** A token of one of the people of the seed. */
function issueTokens(tokens: ReturnType<typeof fakeTokenVerifier>) {
  const known = new Map<string, string>()
  return (person: keyof typeof people): string => {
    const token = known.get(person) ?? tokens.issue(people[person])
    known.set(person, token)
    return token
  }
}

type SettleParts = Parameters<typeof makeReconcileLease>[0] &
  Parameters<typeof makeReconcileTask>[0] &
  Parameters<typeof makeAdmitQueued>[0] &
  Parameters<typeof makeEnsureTenant>[0] & { readonly hints: FakeHints }

/** More rounds than any real story takes: two rows that wake each other for ever are a bug. */
const mostRounds = 200

/** Serves hints until none is left. Time does not pass: what waits for a deadline goes on waiting. */
function makeSettle(parts: SettleParts): () => Promise<void> {
  const reconcileLease = makeReconcileLease(parts)
  const reconcileTask = makeReconcileTask(parts)
  const admitQueued = makeAdmitQueued(parts)
  const ensureTenant = makeEnsureTenant(parts)
  const serve = async ({ job, id }: TakenHint): Promise<unknown> => {
    switch (job) {
      case 'reconcile-lease':
        return untilNoStep(() => reconcileLease(id as LeaseId, neverAborted))
      case 'reconcile-task':
        return untilNoStep(() => reconcileTask(id as TaskId, neverAborted))
      case 'admit-queued':
        return admitQueued(id as PoolName, neverAborted)
      case 'ensure-tenant':
        return ensureTenant(id as TenantId, neverAborted)
    }
  }
  return async () => {
    for (let round = 0; round < mostRounds; round++) {
      const hints = parts.hints.take()
      if (hints.length === 0) return
      for (const hint of hints) await serve(hint)
    }
    throw new Error(`${mostRounds} rounds of hints did not come to rest`)
  }
}

async function untilNoStep(step: () => Promise<string>): Promise<void> {
  for (let count = 0; count < 20; count++) if ((await step()) !== 'stepped') return
}
