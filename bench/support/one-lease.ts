import { setTimeout as delay } from 'node:timers/promises'
import type { MachineShape, MachineSighting, TenantId } from '@leasehold/domain'
import { collectionPath } from '../../packages/compute-kubernetes/src/client/api-paths.ts'
import { type KindInfo, kinds } from '../../packages/compute-kubernetes/src/client/kinds.ts'
import type { MachineSettings } from '../../packages/compute-kubernetes/src/machines/manifest-settings.ts'
import { openSimulatedPlace } from '../../packages/compute-kubernetes/src/machines/testing/simulated-place.ts'
import type { Tell } from './benchmark.ts'
import { clusterAccess, removePlace } from './kubernetes-place.ts'
import { withSimulatedCluster } from './simulated-cluster.ts'
import type { StandingKinds, StandingObject } from './standing-api-server.ts'
import { benchPool } from './throwaway-services.ts'

/** What a real API server says about one lease that is ready, and about its surroundings. */
export type OneLease = {
  readonly leaseId: string
  readonly tenantId: TenantId
  readonly shape: MachineShape
  readonly address: Extract<MachineSighting, { kind: 'running' }>['address']
  readonly settings: MachineSettings
  readonly kinds: StandingKinds
}

const ofLease: readonly KindInfo[] = [
  kinds.virtualMachines,
  kinds.virtualMachineInstances,
  kinds.pods,
  kinds.persistentVolumeClaims,
]
const around: readonly KindInfo[] = [kinds.nodes, kinds.kubeVirts]
const bootMs = 120_000

/** Boots one machine on simulated nodes and copies everything that the worker follows. */
export async function readOneLease(tell: Tell): Promise<OneLease> {
  return withSimulatedCluster(tell, async (kubeconfig, isLasting) => {
    const place = await openSimulatedPlace(clusterAccess(kubeconfig))
    try {
      const settings = { ...place.settings, name: benchPool }
      const driver = await place.open({ settings })
      const signal = AbortSignal.timeout(bootMs)
      const order = place.newOrder()
      await driver.startMachine(order, signal)
      let sighting = await driver.inspectMachine(order.leaseId, 1, signal)
      while (sighting.kind !== 'running') {
        await delay(200, undefined, { signal })
        sighting = await driver.inspectMachine(order.leaseId, 1, signal)
      }
      const listed: Record<string, StandingObject[]> = {}
      for (const kind of [...ofLease, ...around]) {
        const isOfLease = ofLease.includes(kind)
        const selection = isOfLease
          ? { namespace: place.namespace, labelSelector: `leasehold.dev/lease=${order.leaseId}` }
          : {}
        const { items } = await place.client.list(kind, selection, signal)
        if (isOfLease && items.length === 0) throw new Error(`The lease has no ${kind.plural}.`)
        listed[collectionPath(kind, undefined)] = [...items]
      }
      const { leaseId, tenantId, shape } = order
      return { leaseId, tenantId, shape, address: sighting.address, settings, kinds: listed }
    } finally {
      await (isLasting ? removePlace(place) : place.close())
    }
  })
}
