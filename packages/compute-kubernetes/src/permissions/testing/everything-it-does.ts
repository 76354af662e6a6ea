import { randomBytes } from 'node:crypto'
import type { RunOrder } from '@leasehold/application'
import type { TaskId, Tenant, TenantId } from '@leasehold/domain'
import { aTenant, someLimits } from '@leasehold/testing'
import { expect, vi } from 'vitest'
import { kinds } from '../../client/kinds.ts'
import type { ObjectRef } from '../../client/kube-object.ts'
import { labelNames, namespaceOf } from '../../object-names.ts'
import { openJobTaskDriver } from '../../tasks/job-task-driver.ts'
import { aRunOrder } from '../../tasks/testing/a-run-order.ts'
import { openKubernetesTenancyDriver } from '../../tenancy/kubernetes-tenancy-driver.ts'
import { refOf } from '../../tenancy/object-keeper.ts'
import { revisionAnnotation, tenancyRevision } from '../../tenancy/tenant-labels.ts'
import { installationObjects, tenantObjects } from '../../tenancy/tenant-objects.ts'
import { type LimitedPlace, silent } from './limited-place.ts'

export function newTenant(): Tenant {
  return aTenant({ id: newId('ten') as TenantId, tier: 'production' })
}

/** `lse_0a1b2c3d`: an id that no other test has. */
export function newId(kind: 'ten' | 'lse' | 'tsk'): string {
  return `${kind}_${randomBytes(4).toString('hex')}`
}

export function openTenancy(place: LimitedPlace, tenants: readonly Tenant[]) {
  return openKubernetesTenancyDriver({
    client: place.limited,
    settings: place.settings,
    tenantOf: async (id) => tenants.find((tenant) => tenant.id === id) ?? null,
    limitsOf: async () => someLimits(),
    onRepair: () => {},
    log: silent,
  })
}

/** Sets a tenant up, finds everything edited and everything deleted, repairs it, and removes the tenant. */
export async function manageTenants(place: LimitedPlace, signal: AbortSignal): Promise<void> {
  const tenant = newTenant()
  const driver = openTenancy(place, [tenant])
  await driver.ensureTenant(tenant, signal)
  const everything = [
    ...tenantObjects(tenant, someLimits(), place.settings),
    ...installationObjects(place.settings),
  ].map(refOf)
  const others = everything.filter(({ kind }) => kind !== kinds.namespaces)
  const annotations = { [revisionAnnotation]: 'edited' }
  for (const ref of everything)
    await place.admin.mergePatch(ref, { metadata: { annotations } }, signal)
  for (const ref of everything) await isAsItWas(place, ref, signal)
  for (const ref of others) await place.admin.delete(ref, signal)
  for (const ref of others) await isAsItWas(place, ref, signal)
  await driver.inspectTenant(tenant.id, signal)
  await driver.removeTenant(tenant.id, signal)
  await driver.close()
}

/** Does it again until it has asked for that: what the driver sees lags behind what a test writes. */
export async function untilAsked(
  { asked }: LimitedPlace,
  pattern: RegExp,
  act: () => Promise<unknown>,
): Promise<void> {
  await vi.waitFor(async () => {
    await act().catch(() => {})
    expect(asked.map(({ verb, resource }) => `${verb} ${resource}`)).toContainEqual(
      expect.stringMatching(pattern),
    )
  }, soon)
}

async function isAsItWas(place: LimitedPlace, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  await vi.waitFor(async () => {
    const live = await place.admin.get(ref, signal)
    expect(live?.metadata.annotations?.[revisionAnnotation]).toBe(String(tenancyRevision))
  }, soon)
}

const soon = { timeout: 90_000, interval: 100 }

/** Everything the task driver can be told: Jobs that begin by themselves, or wait for Kueue. */
export async function manageTasks(
  place: LimitedPlace,
  kueueClusterQueue: string | null,
  signal: AbortSignal,
): Promise<void> {
  const tenant = newTenant()
  const tenancy = openTenancy(place, [tenant])
  await tenancy.ensureTenant(tenant, signal)
  const { limited: client, admin } = place
  const settings = { ...place.settings, kueueClusterQueue }
  let daysLater = 0
  const clock = { now: () => Date.now() + daysLater * 86_400_000 }
  const open = () => openJobTaskDriver({ client, settings, log: silent, clock })
  const [driver, other] = await Promise.all([open(), open()])
  const newOrder = (facts: Partial<RunOrder> = {}) =>
    aRunOrder({ taskId: newId('tsk') as TaskId, tenantId: tenant.id, ...facts })
  const namespace = namespaceOf(settings.prefix, tenant.id)

  // At once, so that one of the two finds what the other made.
  const order = newOrder()
  await Promise.all([driver.startRun(order, signal), other.startRun(order, signal)])
  const selection = { namespace, labelSelector: `${labelNames.task}=${order.taskId}` }
  if (kueueClusterQueue === null)
    await vi.waitFor(async () => {
      const { items } = await admin.list(kinds.pods, selection, signal)
      expect(items).not.toEqual([])
    }, soon)
  await driver.inspectRun(order.taskId, 1, signal)
  await driver.listRuns(signal)
  await driver.destroyRun(order.taskId, 1, signal)

  const { shape } = order
  const big = newOrder({ shape: { ...shape, memoryMiB: 4_000_000 } })
  await driver.startRun(big, signal)
  const why = kueueClusterQueue === null ? /^list events$/ : /^list workloads$/
  await untilAsked(place, why, () => driver.inspectRun(big.taskId, 1, signal))
  await driver.destroyRun(big.taskId, 1, signal)
  // Notes of ended runs are swept by whoever comes, long afterwards.
  daysLater = 400
  const later = await open()
  await later.destroyRun(newOrder().taskId, 1, signal)
  await Promise.all([driver.close(), other.close(), later.close()])
  await tenancy.close()
}
