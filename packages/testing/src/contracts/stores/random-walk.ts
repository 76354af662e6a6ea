import {
  type Amounts,
  addAmounts,
  beginRun,
  completeTask,
  endLease,
  endTask,
  isLiving,
  isLivingTask,
  type Lease,
  leaseHolds,
  type MachineTypeName,
  makeReady,
  provisionLease,
  queueLease,
  resizeLease,
  sizeAfterStop,
  type Task,
  type TenantId,
  taskHolds,
  taskTermsOf,
  termsOf,
} from '@leasehold/domain'
import fc from 'fast-check'
import { aMachineType, aShape } from '../../builders/a-shape.ts'
import {
  aNewLease,
  aNewTask,
  olivia,
  type StoresUnderTest,
  testNow,
  thePlatform,
} from './stores-under-test.ts'

/** One random deed: make a lease or a task, move one on, or end one. `pick` chooses which. */
export const walkStep = fc.record({
  deed: fc.constantFrom('lease', 'task', 'move', 'end'),
  pick: fc.nat({ max: 1_000 }),
})
type WalkStep = { readonly deed: 'lease' | 'task' | 'move' | 'end'; readonly pick: number }

const aLargerType = aMachineType({
  name: 'larger' as MachineTypeName,
  shape: aShape({ memoryMiB: 2_048 }),
})
const byPlatform = { actor: thePlatform, claim: null }

/** Walks, two deeds at a time so that some lose the race, and returns what is held in the end by the domain's rule. */
export async function takeRandomWalk(
  stores: StoresUnderTest,
  tenantId: TenantId,
  steps: readonly WalkStep[],
): Promise<Amounts> {
  const ids = { leases: new Set<Lease['id']>(), tasks: new Set<Task['id']>() }
  for (let at = 0; at < steps.length; at += 2)
    await Promise.all(steps.slice(at, at + 2).map((step) => takeStep(stores, tenantId, ids, step)))

  let held: Amounts = {}
  for (const id of ids.leases) {
    const lease = await stores.leases.findAnyTenant(id)
    if (lease !== null) held = addAmounts(held, leaseHolds(lease))
  }
  for (const id of ids.tasks) {
    const task = await stores.tasks.findAnyTenant(id)
    if (task !== null) held = addAmounts(held, taskHolds(task))
  }
  return held
}

async function takeStep(
  stores: StoresUnderTest,
  tenantId: TenantId,
  ids: { leases: Set<Lease['id']>; tasks: Set<Task['id']> },
  { deed, pick }: WalkStep,
): Promise<void> {
  if (deed === 'lease') {
    const lease = aNewLease(tenantId)
    await stores.leases.admit(lease, olivia)
    ids.leases.add(lease.id)
    return
  }
  if (deed === 'task') {
    const task = aNewTask(tenantId)
    await stores.tasks.admit(task, olivia)
    ids.tasks.add(task.id)
    return
  }
  const lease = await picked([...ids.leases], pick, (id) => stores.leases.findAnyTenant(id))
  if (lease !== null && pick % 2 === 0) {
    const next = deed === 'end' ? endedLease(lease) : movedLease(lease)
    if (next !== null) await stores.leases.replace(lease, next, byPlatform)
    return
  }
  const task = await picked([...ids.tasks], pick, (id) => stores.tasks.findAnyTenant(id))
  if (task === null) return
  const next = deed === 'end' ? endedTask(task) : movedTask(task)
  if (next !== null) await stores.tasks.replace(task, next, byPlatform)
}

async function picked<Id, Item>(
  ids: readonly Id[],
  pick: number,
  find: (id: Id) => Promise<Item | null>,
): Promise<Item | null> {
  const id = ids[pick % Math.max(1, ids.length)]
  return id === undefined ? null : find(id)
}

function endedLease(lease: Lease): Lease | null {
  return isLiving(lease) ? endLease(lease, 'released-by-tenant', testNow, 0) : null
}

function movedLease(lease: Lease): Lease | null {
  switch (lease.state) {
    case 'queued':
      return provisionLease(lease, testNow, 1_000)
    case 'provisioning':
      return makeReady(lease, { host: '::1', sshPort: 22, jupyterPort: null }, testNow)
    case 'ready':
      if (lease.wantedSize === null && lease.version % 2 === 1)
        return resizeLease(lease, aLargerType, testNow)
      return endLease(lease, 'stopped-by-tenant', testNow, 0)
    case 'stopping': {
      const terms = { ...termsOf(lease), ...sizeAfterStop(lease), version: lease.version + 1 }
      const { reason, reasonDetail } = lease
      return reason === 'stopped-by-tenant'
        ? { ...terms, state: 'stopped', reason, reasonDetail, keepUntil: testNow }
        : { ...terms, state: 'released', reason, reasonDetail, endedAt: testNow }
    }
    case 'stopped':
      return queueLease(lease, testNow, 1_000)
    default:
      return null
  }
}

function endedTask(task: Task): Task | null {
  return isLivingTask(task) && task.state !== 'ending'
    ? endTask(task, 'cancelled-by-tenant', testNow, 0)
    : null
}

function movedTask(task: Task): Task | null {
  switch (task.state) {
    case 'queued': {
      const terms = { ...taskTermsOf(task), attempt: task.attempt + 1, version: task.version + 1 }
      return { ...terms, state: 'starting', startDeadlineAt: testNow }
    }
    case 'starting':
      return beginRun(task, testNow)
    case 'running':
      return endTask(task, 'time-limit', testNow, 0)
    case 'ending':
      return completeTask(task, testNow)
    default:
      return null
  }
}
