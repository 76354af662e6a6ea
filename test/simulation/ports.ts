import { defaultRentalRules, type Pool, type Pools, type RentalRules } from '@leasehold/application'
import type { Amounts, ImageName, MachineTypeName, PoolName, TenantId } from '@leasehold/domain'
import {
  aMachineType,
  aShape,
  aTenant,
  type FakeDatabase,
  fakeAccessSecrets,
  fakeDatabase,
  fakeMachineDriver,
  fakeObjectStore,
  fakePools,
  fakeTaskDriver,
  fakeTenancyDriver,
  type ManualClock,
  seededIds,
  someLimits,
} from '@leasehold/testing'

const minuteMs = 60_000

/** Short deadlines, so that a few minutes hold every kind of story. */
const simulationRules: RentalRules = {
  ...defaultRentalRules,
  lease: {
    ...defaultRentalRules.lease,
    queueMs: 5 * minuteMs,
    bootMs: 2 * minuteMs,
    graceMs: 15_000,
    keepStoppedMs: 240 * minuteMs,
    defaultTimeToLiveMs: 360 * minuteMs,
  },
  task: {
    ...defaultRentalRules.task,
    queueMs: 10 * minuteMs,
    startMs: minuteMs,
    heartbeatMs: 40_000,
    graceMs: 30_000,
    defaultTimeLimitMs: 2 * minuteMs,
  },
}

/** Room for three tiny machines, so that there is always a queue. */
export const poolTotal: Amounts = { vcpu: 3, 'memory-mib': 4_096, 'disk-gib': 24 }

/** What a `tiny` machine may be resized to. */
const aSmallType = aMachineType({
  name: 'small' as MachineTypeName,
  shape: aShape({
    cpu: { sockets: 1, cores: 2, threads: 1, model: 'host-model' },
    memoryMiB: 2_048,
  }),
  pricePerHourMicros: 72_000,
})

/** The parts of a platform as they are, without faults. */
export type Ports = Omit<FakeDatabase, 'memory'> & {
  readonly clock: ManualClock
  readonly ids: ReturnType<typeof seededIds>
  readonly objects: ReturnType<typeof fakeObjectStore>
  readonly secrets: ReturnType<typeof fakeAccessSecrets>
  readonly machines: ReturnType<typeof fakeMachineDriver>
  readonly runs: ReturnType<typeof fakeTaskDriver>
  readonly rules: RentalRules
}

export type Backstage = { readonly ports: Ports; readonly memory: FakeDatabase['memory'] }

export async function openPorts(clock: ManualClock, bootMs: number): Promise<Backstage> {
  const { memory, ...stores } = fakeDatabase(clock)
  const ports: Ports = {
    ...stores,
    clock,
    ids: seededIds(),
    objects: fakeObjectStore(clock),
    secrets: fakeAccessSecrets(),
    machines: fakeMachineDriver({ clock, total: poolTotal, bootMs }),
    runs: fakeTaskDriver({ total: poolTotal }),
    rules: simulationRules,
  }
  const actor = { kind: 'platform', id: 'simulation' } as const
  await ports.catalogue.putMachineType(aMachineType(), actor)
  await ports.catalogue.putMachineType(aSmallType, actor)
  for (const slug of ['acme', 'globex']) {
    const tenant = aTenant({ id: `ten_${slug}` as TenantId, slug })
    await ports.tenants.create(tenant, someLimits({ vcpu: 3, leases: 3 }), actor)
    await ports.objects.ensureBucket(`leasehold-ten-${slug}`, new AbortController().signal)
  }
  return { ports, memory }
}

export function poolsOf({ machines, runs }: Pick<Ports, 'machines' | 'runs'>): Pools {
  const pool: Pool = {
    name: 'local' as PoolName,
    region: 'home',
    driver: 'local',
    images: ['debian-12' as ImageName],
    taskIsolations: ['vm'],
    machines,
    tasks: runs,
    tenancy: fakeTenancyDriver(),
  }
  return fakePools([pool])
}
