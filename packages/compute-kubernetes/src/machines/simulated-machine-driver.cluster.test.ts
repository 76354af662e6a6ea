import type { LeaseId } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { expect } from 'vitest'
import { machineDriverContract } from '../../../testing/src/contracts/machine-driver-contract.ts'
import { labelNames } from '../object-names.ts'
import { openSimulatedPlace, type SimulatedPlace } from './testing/simulated-place.ts'

describeOnCluster('machines on simulated nodes', (cluster) => {
  machineDriverContract('KubeVirt', async () => {
    const place = await openSimulatedPlace(cluster)
    return {
      driver: place.driver,
      newOrder: () => place.newOrder(),
      newImpossibleOrder: () => place.newOrder({ memoryMiB: 1_025, memory: { hugePages: '2Mi' } }),
      killMachine: (id) => powerOff(place, id),
      reopen: () => place.open(),
      close: place.close,
    }
  })
})

/** The guest switches itself off; KubeVirt brings back what dies otherwise. */
async function powerOff({ nodes, driver }: SimulatedPlace, id: LeaseId): Promise<void> {
  const { signal } = new AbortController()
  const see = (kind: string) =>
    expect
      .poll(() => driver.inspectMachine(id, 1, signal), { timeout: 120_000 })
      .toMatchObject({ kind })
  await see('running')
  await nodes.setBehaviour({ labels: { [labelNames.lease]: id } }, { endsAfterMs: 0 })
  await see('absent')
  await nodes.clearBehaviour()
}
