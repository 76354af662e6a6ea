import {
  type Amounts,
  addAmounts,
  amountsOfShape,
  findLack,
  isLiving,
  isLivingTask,
  type Lease,
  type Task,
  type TenantId,
  taskPaths,
} from '@leasehold/domain'
import { heldBy } from '@leasehold/testing'
import { poolTotal } from './ports.ts'
import type { World } from './world.ts'

/** What must hold after every single step, whatever goes wrong. Gives back the first promise that is broken. */
export function findBrokenPromise(world: World): string | null {
  const { witness, memory } = world
  if (witness.problems.length > 0) return witness.problems[0] ?? null
  const leases = [...memory.leases.values()].map((row) => row.item)
  const tasks = [...memory.tasks.values()].map((row) => row.item)
  return (
    brokenQuota(world) ??
    overcommitted(world) ??
    first(leases, (lease) => brokenLease(world, lease)) ??
    first(tasks, (task) => brokenTask(world, task)) ??
    openSession(world) ??
    doubled(world)
  )
}

function brokenQuota({ memory }: World): string | null {
  const held = new Map([...memory.tenants.keys()].map((id) => [id, heldBy(memory, id as TenantId)]))
  return first([...memory.quotas.values()], (quota) => {
    const holds = held.get(quota.tenantId)?.[quota.resource] ?? 0
    if (quota.used !== holds)
      return `${quota.tenantId} uses ${quota.used} ${quota.resource} but holds ${holds}`
    return quota.used > quota.limit ? `${quota.tenantId} is over its ${quota.resource}` : null
  })
}

/** What runs, not what rows say: a lease that is ended while it waits counts as taken until its disk is gone. */
function overcommitted({ ports }: World): string | null {
  const shapes = [...ports.machines.running(), ...ports.runs.running()].map(({ shape }) => shape)
  const sum = shapes.reduce<Amounts>((total, shape) => addAmounts(total, amountsOfShape(shape)), {})
  const lack = findLack(sum, poolTotal)
  return lack && `${lack.asked} ${lack.resource} run in a pool of ${lack.free}`
}

function brokenLease({ ports, memory, witness }: World, lease: Lease): string | null {
  const isHeld = ports.machines.order(lease.id) !== null
  const isRunning = ports.machines.isRunning(lease.id)
  if (!isLiving(lease) && isHeld) return `${lease.id} is ${lease.state} and something of it is left`
  if ((lease.state === 'stopped' || lease.state === 'queued') && isRunning)
    return `${lease.id} is ${lease.state} and its machine runs`
  if ('reason' in lease && lease.reason === 'machine-lost' && !witness.lost.has(lease.id))
    return `${lease.id} lost its machine and nobody took it`
  if ('reason' in lease && lease.reason === 'powered-off' && !witness.poweredOff.has(lease.id))
    return `${lease.id} was powered off and nobody did it`
  const open = memory.usage.filter(
    ({ holder, endedAt }) => holder.id === lease.id && endedAt === null,
  )
  if (open.length !== (lease.state === 'ready' ? 1 : 0))
    return `${lease.id} is ${lease.state} and has ${open.length} open intervals`
  if (open[0] !== undefined && open[0].pricePerHourMicros !== lease.pricePerHourMicros)
    return `${lease.id} is billed for another size than it has`
  const order = ports.machines.order(lease.id)
  if (order !== null && order.generation > lease.generation)
    return `${lease.id} has a machine of a generation that it never asked for`
  const isItsOwn = order?.generation === lease.generation && lease.state !== 'queued'
  if (isItsOwn && isRunning && order.machineType !== lease.machineType)
    return `${lease.id} is ${lease.machineType} and its machine is ${order.machineType}`
  return null
}

function brokenTask({ ports, witness }: World, task: Task): string | null {
  if (!isLivingTask(task) && ports.runs.holds(task.id))
    return `${task.id} is ${task.state} and a machine is left`
  if (isLivingTask(task)) return null
  const acked = witness.ackedLog.get(task.id)
  if (acked === undefined) return null
  const bucket = `leasehold-${task.tenantId.replaceAll('_', '-')}`
  const sealed = ports.objects.text(bucket, taskPaths.log(task.id)) ?? ''
  return sealed.startsWith(acked) ? null : `${task.id} ended without output that was accepted`
}

/** A session never opens a machine that came after the one it was opened for, nor one that is not ready. */
function openSession({ witness, memory, ports }: World): string | null {
  const now = ports.clock.now()
  return first(witness.sessions, ({ leaseId, session, generation }) => {
    const lease = memory.leases.get(leaseId)?.item
    const grant = memory.sessions.get(ports.ids.sha256(session))
    const opens = grant !== undefined && grant.expiresAt > now && lease?.state === 'ready'
    if (!opens || lease.generation === generation) return null
    return `a session of generation ${generation} opens generation ${lease.generation} of ${leaseId}`
  })
}

function doubled({ witness, memory }: World): string | null {
  const keys = new Set<string>()
  for (const rows of [memory.leases, memory.tasks])
    for (const { item } of rows.values()) {
      const key = `${item.tenantId} ${item.name}`
      if (keys.has(key)) return `one request made two rows: ${key}`
      keys.add(key)
    }
  for (const [key, ids] of witness.accepted) {
    if (ids.size > 1) return `one key was answered with ${ids.size} ids: ${key}`
    for (const id of ids)
      if (!memory.leases.has(id) && !memory.tasks.has(id)) return `${id} is gone`
  }
  return null
}

/** What must hold besides, once nothing has gone wrong for long enough. */
export function findUnfinished(world: World): string | null {
  const { memory, ports, witness } = world
  const running = new Map(ports.machines.running().map((held) => [held.leaseId, held.generation]))
  for (const { item: lease } of memory.leases.values()) {
    const stands = lease.state === 'ready' || lease.state === 'stopped' || !isLiving(lease)
    if (!stands) return `${lease.id} is still ${lease.state}`
    if (lease.state === 'ready' && running.get(lease.id) !== lease.generation)
      return `${lease.id} is ready without its machine`
    if (witness.releaseAccepted.has(lease.id) && isLiving(lease))
      return `the release of ${lease.id} was accepted and it is ${lease.state}`
    if (lease.state !== 'ready' && running.has(lease.id)) return `${lease.id} runs without right`
  }
  for (const { item: task } of memory.tasks.values())
    if (isLivingTask(task)) return `${task.id} is still ${task.state}`
  if (ports.runs.running().length > 0) return 'a run is left over'
  return null
}

function first<Item>(items: readonly Item[], check: (item: Item) => string | null): string | null {
  for (const item of items) {
    const broken = check(item)
    if (broken !== null) return broken
  }
  return null
}
