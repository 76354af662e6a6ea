import type { LeaseId, MachineShape } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { machineDriverContract } from '../../../testing/src/contracts/machine-driver-contract.ts'
import { anOrder } from './testing/an-order.ts'
import { driverOnFake } from './testing/driver-on-fake.ts'

let count = 0
const newOrder = (facts: Partial<MachineShape> = {}) =>
  anOrder({ leaseId: `lse_unit${++count}` as LeaseId, shape: aShape(facts) })

machineDriverContract('KubeVirt, on a cluster in memory', async () => {
  const place = driverOnFake()
  const { signal } = new AbortController()
  await place.driver.inspectMachine('lse_0' as LeaseId, 1, signal)
  return {
    driver: place.driver,
    newOrder: () => newOrder(),
    newImpossibleOrder: () => newOrder({ memoryMiB: 1_025, memory: { hugePages: '2Mi' } }),
    killMachine: async (id) => place.kubeVirt.powerOff(id.replace('_', '-')),
    reopen: async () => place.reopen(),
    close: place.close,
  }
})
