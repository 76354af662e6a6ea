import type { MachineOrder } from '@leasehold/application'
import type { LeaseId, PoolName, TaskId } from '@leasehold/domain'
import type { Plant } from './world.ts'

const { signal } = new AbortController()

/** Mistakes that have been made in systems like this one, each put into one part. */
export const plantedBugs: Readonly<Record<string, Plant>> = {
  'an outage of the driver is read as "the machine is gone"': ({ machines }) => ({
    machines: {
      ...machines,
      async inspectMachine(id, generation, signal) {
        const seen = await machines.inspectMachine(id, generation, signal)
        return seen.kind === 'unknown' ? { kind: 'absent', disk: 'none' } : seen
      },
    },
  }),
  'the driver takes the order of a slow worker': ({ machines }) => ({
    machines: {
      ...machines,
      startMachine: (order, signal) => {
        machines.forgetFences()
        return machines.startMachine(order, signal)
      },
    },
  }),
  'two workers get the same claim': ({ leases }) => ({
    leases: {
      ...leases,
      async claim(id, token, now, until) {
        const claimed = await leases.claim(id, token, now, until)
        return claimed ?? leases.findAnyTenant(id)
      },
    },
  }),
  'a change is stored without its guard': ({ leases }, { memory }) => ({
    leases: {
      ...leases,
      replace(previous, next, by) {
        const stored = memory.leases.get(previous.id)?.item ?? previous
        return leases.replace(
          stored,
          { ...next, version: stored.version + 1 },
          { ...by, claim: null },
        )
      },
    },
  }),
  'quota is not given back when a lease ends': ({ leases }, { memory }) => ({
    leases: {
      ...leases,
      async replace(previous, next, by) {
        const before = new Map(memory.quotas)
        const outcome = await leases.replace(previous, next, by)
        if (next.state === 'released' || next.state === 'failed')
          for (const [key, quota] of before) memory.quotas.set(key, quota)
        return outcome
      },
    },
  }),
  'the log is removed although the bucket did not take it': ({ objects }) => ({
    objects: {
      ...objects,
      async put(bucket, path, body, facts, signal) {
        if (!path.endsWith('log.txt')) return objects.put(bucket, path, body, facts, signal)
        return { path, sizeBytes: facts.sizeBytes, sha256: null, modifiedAt: 0 }
      },
    },
  }),
  'lost hints are not made up for': ({ leases, tasks }) => ({
    leases: { ...leases, due: async () => [] },
    tasks: { ...tasks, due: async () => [] },
  }),
  'machines that die unseen are not looked for': ({ leases }) => ({
    leases: { ...leases, standingIn: async () => [] },
  }),
  'only the first of those that stand is compared': ({ leases }) => ({
    leases: {
      ...leases,
      standingIn: async (pool, after) => (after === null ? leases.standingIn(pool, null, 1) : []),
    },
  }),
  'what stands is compared with a driver that says of everything that it runs': (
    { machines },
    { memory },
  ) => ({
    machines: {
      ...machines,
      async inspectMachine(id, generation, signal) {
        const lease = memory.leases.get(id)?.item
        if (lease?.state === 'ready') return { kind: 'running', address: lease.address }
        return machines.inspectMachine(id, generation, signal)
      },
    },
  }),
  'an outage while all are compared is read as "all machines are gone"': ({ leases, machines }) => {
    // As if the comparison itself ended what it cannot see.
    const ofStanding = async (pool: PoolName, after: LeaseId | null, limit: number) => {
      const standing = await leases.standingIn(pool, after, limit)
      for (const { id, generation } of standing)
        if ((await machines.inspectMachine(id, generation, signal)).kind === 'unknown')
          await machines.destroyMachine(id, generation, signal)
      return standing
    }
    return { leases: { ...leases, standingIn: ofStanding } }
  },
  'an empty answer about the rows makes every machine an orphan': ({ leases, tasks }) => ({
    leases: { ...leases, living: async () => new Set<LeaseId>() },
    tasks: { ...tasks, living: async () => new Set<TaskId>() },
  }),
  'free room is read from a copy that lags behind': ({ leases, clock }) => {
    let copy = { at: Number.NEGATIVE_INFINITY, occupied: {} }
    return {
      leases: {
        ...leases,
        async occupiedIn(pool) {
          const isOld = Math.abs(clock.now() - copy.at) > 5_000
          if (isOld) copy = { at: clock.now(), occupied: await leases.occupiedIn(pool) }
          return copy.occupied
        },
      },
    }
  },
  'a list that is old says that a new machine is absent, and it is made twice over': ({
    machines,
    clock,
  }) => {
    const startedAt = new Map<string, number>()
    return {
      machines: {
        ...machines,
        async startMachine(order, signal) {
          startedAt.set(order.leaseId, clock.now())
          return machines.startMachine(order, signal)
        },
        async inspectMachine(id, generation, signal) {
          const isYoung = clock.now() - (startedAt.get(id) ?? Number.NEGATIVE_INFINITY) < 60_000
          if (isYoung) return { kind: 'absent', disk: 'none' }
          return machines.inspectMachine(id, generation, signal)
        },
        // Nobody fences what they believe to be gone.
        destroyMachine: async (id, generation, signal) => {
          const seen = clock.now() - (startedAt.get(id) ?? Number.NEGATIVE_INFINITY)
          if (seen >= 60_000) await machines.destroyMachine(id, generation, signal)
        },
      },
    }
  },
  'a lease that was resized gets its machine in the size it had': ({ machines }) => {
    const first = new Map<LeaseId, Pick<MachineOrder, 'machineType' | 'shape'>>()
    return {
      machines: {
        ...machines,
        startMachine(order, signal) {
          const { machineType, shape } = first.get(order.leaseId) ?? order
          first.set(order.leaseId, { machineType, shape })
          return machines.startMachine({ ...order, machineType, shape }, signal)
        },
      },
    }
  },
  'access outlives the machine it was given for': ({ access }) => ({
    access: { ...access, revokeLease: async () => {} },
  }),
  'a repeated request makes a second one': ({ ids }) => ({
    ids: { ...ids, leaseId: () => ids.leaseId(), taskId: () => ids.taskId() },
  }),
  'a lease that lost its machine leaves its usage open': ({ leases }, { memory }) => ({
    leases: {
      ...leases,
      async replace(previous, next, by) {
        const before = [...memory.usage]
        const outcome = await leases.replace(previous, next, by)
        if (previous.state === 'ready' && next.state === 'stopping')
          memory.usage.splice(0, memory.usage.length, ...before)
        return outcome
      },
    },
  }),
  'destroying a run says done and does nothing': ({ runs }) => ({
    runs: { ...runs, destroyRun: async () => {} },
  }),
  'the sealed log is put over by an empty one': ({ objects }) => ({
    objects: {
      ...objects,
      // As if sealing did not look whether it had been there before.
      head: async (bucket, path, signal) =>
        path.endsWith('log.txt') ? null : objects.head(bucket, path, signal),
    },
  }),
  'stopping keeps the disk of a lease that is over': ({ machines }) => ({
    machines: {
      ...machines,
      destroyMachine: (id, generation, signal) =>
        machines.stopMachine(id, generation, 'forced', signal),
    },
  }),
}
